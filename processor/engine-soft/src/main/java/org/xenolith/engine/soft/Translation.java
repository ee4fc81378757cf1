package org.xenolith.engine.soft;

/// What the guest's page tables say about a linear address. `pageBytes` is the size of its page;
/// `dirty` that the leaf entry's D bit is set, so that a write needs no walk.
record Translation(
        long gpa,
        long pageBytes,
        boolean user,
        boolean writable,
        boolean executable,
        boolean global,
        boolean dirty) {}
