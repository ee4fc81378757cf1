/// The mirror (docs/specs/mirror-protocol.md): a migration that never ends.
///
/// ```
///   primary                                                   backup
///   MirroredMachine ──► Primary ──► Link ──► Backup ──► StandbyMachine
///     Checkpoint           │                    │
///                          └──► Arbiter ◄───────┘   who is alive when the link is lost
/// ```
package org.xenolith.mirror;
