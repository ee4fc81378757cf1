package org.xenolith.bench.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What disks and streams hold: pages that begin with their labels (`bench.h`).
final class Pages {
    static final int PAGE_BYTES = 4096;

    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private Pages() {}

    private static long label(long page) {
        return (page + 1) * MULTIPLIER;
    }

    /// The pages from `first` on, filled with their labels; ready to be read.
    static ByteBuffer of(long first, int count) {
        var bytes = ByteBuffer.allocateDirect(count * PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long page = first; page < first + count; page++) {
            for (int at = 0; at < PAGE_BYTES; at += Long.BYTES) {
                bytes.putLong(label(page));
            }
        }
        return bytes.flip();
    }

    /// The sum of what the pages between 0 and the buffer's position begin with.
    static long sum(ByteBuffer bytes) {
        var words = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        long sum = 0;
        for (int at = 0; at < bytes.position(); at += PAGE_BYTES) {
            sum += words.getLong(at);
        }
        return sum;
    }
}
