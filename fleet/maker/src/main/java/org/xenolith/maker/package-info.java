/// Makes whole guests from distribution packages.
///
/// ```
///  xl guest debian ──► GuestSpec ──► DebianMaker ──► image, configuration, key, seed
///                                        │
///             AptSources, GuestFiles, Seed   what is written down for the tools
///                                        │
///                   HostTools ──► mmdebstrap, mke2fs, ssh-keygen   the host's, which do the work
/// ```
///
/// What runs inside of the guest's tree, and in the guest later, are the shell scripts among the
/// resources. Read [DebianMaker] first. Why it is so: docs/decisions/0022.
package org.xenolith.maker;
