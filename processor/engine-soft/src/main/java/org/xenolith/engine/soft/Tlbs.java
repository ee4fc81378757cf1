package org.xenolith.engine.soft;

import org.xenolith.ir.Enters;

/// A vCPU's cached translations, by the [View] of memory that an access has.
final class Tlbs {
    private final Tlb[] byView = new Tlb[Enters.VIEWS];

    /// @param base what compiled regions want added to places in memory
    Tlbs(long base) {
        for (int view = 0; view < Enters.VIEWS; view++) {
            byView[view] = new Tlb(base);
        }
    }

    Tlb of(int view) {
        return byView[view];
    }

    /// Forgets all translations, or those that are not global.
    void flush(boolean globalToo) {
        for (var tlb : byView) {
            if (globalToo) {
                tlb.clear();
            } else {
                tlb.clearNonGlobal();
            }
        }
    }

    void flushPage(long linear) {
        for (var tlb : byView) {
            tlb.clearPage(linear);
        }
    }

    /// The next write to any page must be noticed.
    void clearWrites() {
        for (var tlb : byView) {
            tlb.clearWrites();
        }
    }
}
