package org.xenolith.boot.grub;

import java.util.List;
import java.util.Optional;

/// A word of GRUB's language, before its variables are replaced.
record Word(List<Part> parts) {
    /// A piece of a word. What is quoted is never split, and is a word even if it is empty.
    sealed interface Part {
        record Text(String text, boolean quoted) implements Part {}

        record Variable(String name, boolean quoted) implements Part {}
    }

    Word {
        parts = List.copyOf(parts);
    }

    /// The text of a word that is neither quoted nor has variables.
    Optional<String> plain() {
        return parts.size() == 1
                        && parts.getFirst() instanceof Part.Text(var text, var quoted)
                        && !quoted
                ? Optional.of(text)
                : Optional.empty();
    }

    boolean is(String text) {
        return plain().filter(text::equals).isPresent();
    }
}
