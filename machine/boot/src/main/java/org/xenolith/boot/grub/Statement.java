package org.xenolith.boot.grub;

import java.util.List;

/// What a configuration says to do.
sealed interface Statement {
    record Command(List<Word> words) implements Statement {}

    /// The first branch whose condition succeeds is taken, else `otherwise`.
    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

    record Branch(List<Statement> condition, List<Statement> body) {}

    record For(String variable, List<Word> values, List<Statement> body) implements Statement {}

    /// `menuentry` or `submenu`; the words are all but the first and the body.
    record Entry(boolean submenu, List<Word> words, List<Statement> body) implements Statement {}

    record Function(String name, List<Statement> body) implements Statement {}
}
