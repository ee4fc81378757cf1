package org.xenolith.bench.outlive;

import java.util.Locale;

/// Figures that are measured together, in the order in which that is done.
public enum Scenario {
    /// A guest that writes to its memory moves to the other host and back.
    MOVE,
    /// A saved guest goes on.
    RESTORE,
    /// A guest works with a copy at the other host and without, one after the other.
    MIRROR,
    /// The process of a mirrored guest is killed.
    FAIL_OVER;

    /// For messages and file names.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
