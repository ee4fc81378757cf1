package org.xenolith.boot.grub;

/// What a configuration is made of.
sealed interface Token {
    /// A word, and the line that it is in, from 1.
    record Spelled(Word word, int line) implements Token {}

    /// The end of a command: a new line or a semicolon.
    record End() implements Token {}
}
