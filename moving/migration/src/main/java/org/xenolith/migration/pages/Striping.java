package org.xenolith.migration.pages;

/// Which of several connections a page goes by: always the same, so that its contents come in their
/// order. Neighbours go together, by the runs of which a record consists.
///
/// @param lanes connections
record Striping(int lanes) {
    /// Of one connection.
    static final Striping NONE = new Striping(1);

    private static final int RUN_SHIFT = 6;
    private static final int RUN = 1 << RUN_SHIFT;

    /// From 0.
    int lane(long gfn) {
        return (int) ((gfn >>> RUN_SHIFT) % lanes);
    }

    /// Which page of its lane it is, if those are counted without gaps.
    long within(long gfn) {
        return (gfn >>> RUN_SHIFT) / lanes << RUN_SHIFT | gfn & RUN - 1;
    }
}
