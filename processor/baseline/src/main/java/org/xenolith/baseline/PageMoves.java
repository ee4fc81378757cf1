package org.xenolith.baseline;

/// Who is told that code has moved pages in the arrays of translations
/// ([org.xenolith.jit.TranslationCache]) that a view of memory is seen with.
@FunctionalInterface
public interface PageMoves {
    /// A page that was at its second place, `from`, is at its first. What was there is at `to`, its
    /// own second place; if nothing was, `to` is `from`.
    void moved(int view, int from, int first, int to);
}
