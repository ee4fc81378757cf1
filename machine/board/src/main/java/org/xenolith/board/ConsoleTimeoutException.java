package org.xenolith.board;

/// The text that was waited for did not come. [#seen] is what came instead.
public final class ConsoleTimeoutException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int TAIL_CHARACTERS = 2000;

    private final String seen;

    ConsoleTimeoutException(String wanted, String seen, boolean ended) {
        super(
                (ended ? "console ended before \"" : "console did not show in time \"")
                        + wanted
                        + "\"; it showed:\n"
                        + seen.substring(Math.max(0, seen.length() - TAIL_CHARACTERS)));
        this.seen = seen;
    }

    public String seen() {
        return seen;
    }
}
