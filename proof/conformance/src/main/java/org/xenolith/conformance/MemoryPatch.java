package org.xenolith.conformance;

import org.xenolith.state.Bytes;

/// Bytes at an offset in the data pages of [Arena].
public record MemoryPatch(int offset, Bytes content) {
    /// Most bytes that one patch of a case may hold.
    public static final int BYTES_MAX = 64;

    int end() {
        return offset + content.length();
    }
}
