package org.xenolith.boot;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Random damage of the kinds that files suffer and attackers choose.
final class Mutation {
    private static final long[] EDGES = {
        0,
        1,
        0x7F,
        0xFF,
        0x7FFF,
        0xFFFF,
        0x7FFF_FFFF,
        0x8000_0000L,
        0xFFFF_FFFFL,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -4096
    };

    private Mutation() {}

    static byte[] of(byte[] original, SplittableRandom random) {
        var bytes = original.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(random.nextBoolean() ? bytes.length : headOf(bytes));
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> {
                    long edge = EDGES[random.nextInt(EDGES.length)];
                    int width = 1 << random.nextInt(4);
                    for (int j = 0; j < width && at + j < bytes.length; j++) {
                        bytes[at + j] = (byte) (edge >> 8 * j);
                    }
                }
                default -> {
                    if (random.nextInt(4) == 0) {
                        bytes = Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length));
                    }
                }
            }
        }
        return bytes;
    }

    private static int headOf(byte[] bytes) {
        return Math.min(bytes.length, 256);
    }
}
