package org.xenolith.board;

/// What a domain is doing, as the State column of `xl list` tells it.
public enum DomainState {
    /// At least one vCPU has something to do.
    RUNNING('r', 0),
    /// Every vCPU waits for an event.
    BLOCKED('b', 1),
    PAUSED('p', 2),
    /// Shut down by itself and kept, since its action is `preserve`.
    SHUTDOWN('s', 3),
    /// As SHUTDOWN, after a crash.
    CRASHED('c', 4),
    /// Ended, or about to.
    DYING('d', 5);

    private final char letter;
    private final int column;

    DomainState(char letter, int column) {
        this.letter = letter;
        this.column = column;
    }

    /// Six columns `rbpscd`, a dash where a letter does not hold.
    public String letters() {
        var letters = "------".toCharArray();
        letters[column] = letter;
        if (this == CRASHED) {
            letters[SHUTDOWN.column] = SHUTDOWN.letter;
        }
        return new String(letters);
    }
}
