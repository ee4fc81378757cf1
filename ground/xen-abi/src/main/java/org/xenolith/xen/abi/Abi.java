package org.xenolith.xen.abi;

/// Whose structure layout: a caller's in 64-bit mode, or a caller's in any other mode (Xen's
/// *compat* layout, the i386 System V rules).
public enum Abi {
    X86_64(8, 8),
    X86_32(4, 4);

    private final int longBytes;
    private final int longLongAlignment;

    Abi(int longBytes, int longLongAlignment) {
        this.longBytes = longBytes;
        this.longLongAlignment = longLongAlignment;
    }

    /// Bytes of a `long`, a pointer and a guest handle.
    public int longBytes() {
        return longBytes;
    }

    /// Alignment of a `uint64_t` member of a structure.
    public int longLongAlignment() {
        return longLongAlignment;
    }
}
