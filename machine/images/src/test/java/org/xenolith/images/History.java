package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.linux.IoVector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// Random requests to an image, and to an array that must hold the same.
final class History {
    private final SplittableRandom random;
    private final Map<String, byte[]> snapshots = new HashMap<>();
    private byte[] model;
    private boolean withSnapshots;
    private int names;

    History(byte[] model, SplittableRandom random) {
        this.model = model;
        this.random = random;
    }

    History withSnapshots() {
        withSnapshots = true;
        return this;
    }

    byte[] model() {
        return model;
    }

    /// One request.
    void step(Image image) throws ImageException {
        switch (random.nextInt(withSnapshots ? 24 : 20)) {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8 -> write(image);
            case 9, 10, 11 -> zero(image);
            case 12, 13 -> discard(image);
            case 14, 15, 16, 17 -> read(image);
            case 18 -> image.flush();
            case 19 -> resize(image);
            case 20, 21 -> takeSnapshot(image);
            case 22 -> applySnapshot(image);
            case 23 -> deleteSnapshot(image);
            default -> throw new AssertionError();
        }
    }

    /// A step that a crash test can judge byte by byte. Returns whether it was a flush.
    boolean simpleStepWasFlush(Image image) throws ImageException {
        int kind = random.nextInt(12);
        switch (kind) {
            case 0, 1, 2, 3, 4, 5, 6 -> write(image);
            case 7, 8 -> zero(image);
            case 9 -> discard(image);
            default -> image.flush();
        }
        return kind > 9;
    }

    /// A step of a crash test with snapshots. Returns whether it was a flush.
    boolean snapshotStepWasFlush(Image image) throws ImageException {
        int kind = random.nextInt(8);
        switch (kind) {
            case 0, 1, 2 -> write(image);
            case 3 -> zero(image);
            case 4 -> takeSnapshot(image);
            case 5 -> applySnapshot(image);
            case 6 -> deleteSnapshot(image);
            default -> image.flush();
        }
        return kind == 7;
    }

    private record Range(int from, int bytes) {}

    private Range range() {
        int from = random.nextInt(model.length);
        int most =
                switch (random.nextInt(4)) {
                    case 0 -> 600;
                    case 1 -> 5_000;
                    case 2 -> 70_000;
                    default -> 600_000;
                };
        int bytes = Math.min(random.nextInt(most + 1), model.length - from);
        return random.nextBoolean()
                ? new Range(from / 512 * 512, bytes / 512 * 512)
                : new Range(from, bytes);
    }

    private void write(Image image) throws ImageException {
        var range = range();
        var data = new byte[range.bytes];
        Arrays.fill(data, (byte) (1 + random.nextInt(255)));
        if (data.length > 0) {
            data[0] = 7;
            data[data.length - 1] = 9;
        }
        if (random.nextBoolean()) {
            image.write(range.from, ByteBuffer.wrap(data));
        } else {
            writeFromPlaces(image, range.from, data);
        }
        System.arraycopy(data, 0, model, range.from, data.length);
    }

    private void zero(Image image) throws ImageException {
        var range = range();
        image.writeZeroes(range.from, range.bytes);
        Arrays.fill(model, range.from, range.from + range.bytes, (byte) 0);
    }

    private void discard(Image image) throws ImageException {
        var range = range();
        image.discard(range.from, range.bytes);
        var now = new byte[range.bytes];
        image.read(range.from, ByteBuffer.wrap(now));
        for (int i = 0; i < now.length; i++) {
            if (now[i] != 0 && now[i] != model[range.from + i]) {
                throw new AssertionError("discarded byte " + (range.from + i) + " is another");
            }
        }
        System.arraycopy(now, 0, model, range.from, now.length);
    }

    private void read(Image image) throws ImageException {
        var range = range();
        var data = random.nextBoolean() ? readBuffer(image, range) : readIntoPlaces(image, range);
        int wrong =
                Arrays.mismatch(
                        data, Arrays.copyOfRange(model, range.from, range.from + range.bytes));
        assertThat(wrong).as("first wrong byte from %d on", range.from).isNegative();
    }

    private static byte[] readBuffer(Image image, Range range) throws ImageException {
        var data = ByteBuffer.allocate(range.bytes);
        image.read(range.from, data);
        assertThat(data.hasRemaining()).isFalse();
        return data.array();
    }

    private void writeFromPlaces(Image image, long offset, byte[] data) throws ImageException {
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, data);
            var places = places(memory);
            image.write(offset, places);
            assertThat(places.bytes()).isZero();
        }
    }

    private byte[] readIntoPlaces(Image image, Range range) throws ImageException {
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocate(range.bytes);
            var places = places(memory);
            if (random.nextBoolean() || !readAtOnce(image, range.from, places)) {
                places = places(memory);
                image.read(range.from, places);
            }
            assertThat(places.bytes()).isZero();
            return memory.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /// The host may have dropped what was written, and only an image whose data it moves can be
    /// asked.
    private static boolean readAtOnce(Image image, long offset, IoVector places)
            throws ImageException {
        boolean done = image.readAtOnce(offset, places);
        assertThat(done && !image.isVectored()).isFalse();
        return done;
    }

    /// All of `memory`, in pieces.
    private IoVector places(MemorySegment memory) {
        var places = new IoVector(20);
        places.begin(memory);
        long done = 0;
        for (int i = 0; i < 19 && done < memory.byteSize(); i++) {
            long piece = random.nextLong(Math.min(9000, memory.byteSize() - done) + 1);
            places.add(done, piece);
            done += piece;
        }
        places.add(done, memory.byteSize() - done);
        return places;
    }

    private void resize(Image image) throws ImageException {
        int bytes = Math.max(512, model.length + (random.nextInt(200) - 100) * 1024);
        image.resize(bytes);
        model = Arrays.copyOf(model, bytes);
    }

    private void takeSnapshot(Image image) throws ImageException {
        var name = "s" + names++;
        image.snapshots().create(name, 1_700_000_000_123_456_789L);
        snapshots.put(name, model.clone());
    }

    private void applySnapshot(Image image) throws ImageException {
        if (snapshots.isEmpty()) {
            return;
        }
        var name = snapshots.keySet().stream().sorted().findFirst().orElseThrow();
        image.snapshots().apply(name);
        model = snapshots.get(name).clone();
    }

    private void deleteSnapshot(Image image) throws ImageException {
        if (snapshots.isEmpty()) {
            return;
        }
        var name = snapshots.keySet().stream().sorted().findFirst().orElseThrow();
        image.snapshots().delete(name);
        snapshots.remove(name);
    }

    /// All of the image is as the array.
    void compare(Image image) throws ImageException {
        assertThat(image.size()).isEqualTo(model.length);
        var data = ByteBuffer.allocate(model.length);
        image.read(0, data);
        assertThat(Arrays.mismatch(data.array(), model)).as("first wrong byte").isNegative();
    }
}
