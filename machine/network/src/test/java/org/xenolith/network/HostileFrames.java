package org.xenolith.network;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/// What a guest may write.
final class HostileFrames {
    private static final int SEED = 4711;

    private HostileFrames() {}

    /// A broadcast of a type that nobody knows.
    static Frame plain() {
        var bytes = new byte[60];
        java.util.Arrays.fill(bytes, 0, 6, (byte) 0xFF);
        bytes[6] = 2;
        bytes[11] = 1;
        bytes[12] = (byte) 0x88;
        bytes[13] = (byte) 0xB5;
        return Frame.plain(bytes);
    }

    /// Random bytes of random lengths that often look like IP, with every kind of work undone.
    static List<Frame> all(int count) {
        var random = new Random(SEED);
        return Stream.generate(() -> one(random)).limit(count).toList();
    }

    private static Frame one(Random random) {
        int length =
                random.nextInt(8) == 0
                        ? Frame.HEADER_BYTES + random.nextInt(20)
                        : random.nextInt(Frame.HEADER_BYTES, 3000);
        var bytes = new byte[length];
        random.nextBytes(bytes);
        bytes[6] &= (byte) 0xFE;
        bytes[12] = random.nextBoolean() ? 8 : (byte) 0x86;
        bytes[13] = (byte) (bytes[12] == 8 ? 0 : 0xDD);
        if (length > 24) {
            bytes[14] = (byte) (bytes[12] == 8 ? 0x45 : 0x60);
            bytes[23] = 6;
        }
        if (random.nextInt(4) == 0) {
            return Frame.plain(bytes);
        }
        var partial =
                new Frame.Checksum.Partial(random.nextInt(0x1_0000), random.nextInt(0x1_0000));
        var sensible = new Frame.Checksum.Partial(34, random.nextInt(40));
        var kinds = Frame.Segmentation.Kind.values();
        var kind = kinds[random.nextInt(kinds.length)];
        return new Frame(
                bytes,
                length,
                random.nextBoolean() ? sensible : partial,
                kind == Frame.Segmentation.Kind.NONE
                        ? Frame.Segmentation.NONE
                        : new Frame.Segmentation(kind, 1 + random.nextInt(0xFFFF)));
    }
}
