/// What a guest's own boot loader would start, by its configuration.
///
/// ```
///  grub.cfg ──► Lexer ──► Parser ──► Statement ──► Shell ──► Menu ──► BootChoice
///                                                    │
///                                                  Volumes    the file systems of the disk
/// ```
///
/// The language is GRUB's (GRUB manual, "Writing your own configuration file directly"), as far as
/// `grub-mkconfig` writes it. The guest has written the text: its length, nesting, steps, words and
/// variables are bounded, and nothing is ever written. [Extlinux] reads the simpler configuration
/// of extlinux.
package org.xenolith.boot.grub;
