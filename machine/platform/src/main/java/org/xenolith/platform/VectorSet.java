package org.xenolith.platform;

/// A set of interrupt vectors, 0 to 255. Vector `v` is bit `v % 64` of the component that begins at
/// `v / 64 * 64`.
public record VectorSet(long from0, long from64, long from128, long from192) {
    public static final VectorSet EMPTY = new VectorSet(0, 0, 0, 0);

    /// Whether any of the vectors 0 to 15 is in it, which no interrupt can have.
    boolean hasIllegal() {
        return (from0 & 0xFFFF) != 0;
    }
}
