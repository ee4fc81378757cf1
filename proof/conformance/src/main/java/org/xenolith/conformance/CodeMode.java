package org.xenolith.conformance;

/// What kind of code a case is: the L and D bits of its code segment.
public enum CodeMode {
    /// 64-bit mode; selector 0x33.
    LONG(0x33, 0, -1, 0xA0FB),

    /// 32-bit code in compatibility mode; selector 0x23.
    COMPATIBILITY_32(0x23, 0, -1, 0xC0FB),

    /// 16-bit code in compatibility mode, in a segment of 64 KiB at [Arena#CODE]; selector 7.
    COMPATIBILITY_16(7, Arena.CODE, 0xFFFF, 0x00FB);

    private final int selector;
    private final long base;
    private final int limit;
    private final int attributes;

    CodeMode(int selector, long base, int limit, int attributes) {
        this.selector = selector;
        this.base = base;
        this.limit = limit;
        this.attributes = attributes;
    }

    public int selector() {
        return selector;
    }

    public long base() {
        return base;
    }

    public int limit() {
        return limit;
    }

    /// As in the engine's segment registers (VMX access rights).
    public int attributes() {
        return attributes;
    }

    /// 16- or 32-bit code.
    public boolean isCompatibility() {
        return this != LONG;
    }
}
