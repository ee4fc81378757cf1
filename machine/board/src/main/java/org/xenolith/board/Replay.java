package org.xenolith.board;

import org.xenolith.base.CountedClock;
import org.xenolith.base.SeededEntropy;

/// What a deterministic machine does the same in every run by: its time and its numbers of chance.
record Replay(CountedClock clock, SeededEntropy entropy) {
    void continueFrom(BoardState state) {
        clock.advanceTo(state.countedNanos());
        entropy.continueFrom(state.entropy());
    }
}
