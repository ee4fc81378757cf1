package org.xenolith.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Bug;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

class GuestMemoryTest {
    private static final int PAGE = 4096;

    /// Four pages of a machine: a frame, a hole, and two frames in reverse order.
    private static GuestMemory patchwork() {
        var memory = GuestMemory.create(4);
        memory.map(0, 0);
        memory.map(2, 3);
        memory.map(3, 1);
        return memory;
    }

    @Test
    void accessOfEveryWidthAgreesWithBytesWhereverItLies() {
        long seed = 4;
        var random = new SplittableRandom(seed);
        var model = new byte[4 * PAGE];
        Arrays.fill(model, PAGE, 2 * PAGE, (byte) 0xFF);
        try (var memory = patchwork()) {
            for (int round = 0; round < 20_000; round++) {
                int bytes = 1 << random.nextInt(4);
                int near = random.nextInt(1, 4) * PAGE - 8 + random.nextInt(16);
                int at = random.nextBoolean() ? near : random.nextInt(model.length - 8);
                at = Math.min(at, model.length - bytes);
                long value = random.nextLong();
                if (random.nextBoolean()) {
                    write(memory, at, bytes, value);
                    for (int i = 0; i < bytes; i++) {
                        if ((at + i) / PAGE != 1) {
                            model[at + i] = (byte) (value >>> 8 * i);
                        }
                    }
                }
                long expected = 0;
                for (int i = 0; i < bytes; i++) {
                    expected |= (model[at + i] & 0xFFL) << 8 * i;
                }
                assertThat(read(memory, at, bytes))
                        .as("seed %d, round %d: %d bytes at %d", seed, round, bytes, at)
                        .isEqualTo(expected);
            }
            assertThat(memory.read(0, model.length)).isEqualTo(model);
        }
    }

    private static void write(GuestMemory memory, long at, int bytes, long value) {
        switch (bytes) {
            case 1 -> memory.writeByte(at, (int) value);
            case 2 -> memory.writeShort(at, (int) value);
            case 4 -> memory.writeInt(at, (int) value);
            default -> memory.writeLong(at, value);
        }
    }

    private static long read(GuestMemory memory, long at, int bytes) {
        return switch (bytes) {
            case 1 -> memory.readByte(at);
            case 2 -> memory.readShort(at);
            case 4 -> Integer.toUnsignedLong(memory.readInt(at));
            default -> memory.readLong(at);
        };
    }

    @Test
    void bulkAccessTellsOfHoles() {
        try (var memory = patchwork()) {
            var bytes = new byte[PAGE];
            assertThat(memory.read(0, bytes, 0, PAGE)).isTrue();
            assertThat(memory.read(1, bytes, 0, PAGE)).isFalse();
            assertThat(bytes[PAGE - 1]).isEqualTo((byte) 0xFF);
            assertThat(memory.write(2 * PAGE, bytes, 0, PAGE)).isTrue();
            assertThat(memory.write(2 * PAGE - 1, bytes, 0, PAGE)).isFalse();
        }
    }

    @Test
    void addressesBeyondWhatCanBeMappedAreHoles() {
        try (var memory = patchwork()) {
            for (long gpa : new long[] {1L << 40, Long.MAX_VALUE - 8, -9, Long.MIN_VALUE}) {
                assertThat(memory.readLong(gpa)).isEqualTo(-1);
                assertThat(memory.read(gpa, new byte[9], 0, 9)).isFalse();
                memory.writeLong(gpa, 0);
                assertThat(memory.hostOffset(gpa)).isEqualTo(-1);
            }
        }
    }

    @Test
    void exactlyTheWrittenPagesCarryTheEpoch() {
        try (var memory = patchwork()) {
            assertThat(memory.dirtyEpoch(0)).isZero();
            memory.writeByte(0, 1);
            assertThat(memory.dirtyEpoch(0)).isEqualTo(1);
            int epoch = memory.beginEpoch();
            assertThat(memory.epoch()).isEqualTo(epoch).isEqualTo(2);
            memory.readLong(0);
            memory.writeInt(3 * PAGE - 2, 0x1234_5678);
            assertThat(memory.dirtyEpoch(0)).isEqualTo(1);
            assertThat(memory.dirtyEpoch(3)).isEqualTo(2);
            assertThat(memory.dirtyEpoch(1)).isEqualTo(2);
            assertThat(memory.dirtyEpoch(2)).isZero();
        }
    }

    @Test
    void watchersHearOfWritesToWatchedFramesOnly() {
        try (var memory = patchwork()) {
            var heard = new ArrayList<Integer>();
            memory.onWatchedWrite(heard::add);
            memory.watch(3);
            memory.writeByte(0, 1);
            assertThat(heard).isEmpty();
            memory.writeByte(2 * PAGE, 1);
            assertThat(heard).containsExactly(3);
            memory.unwatch(3);
            memory.writeByte(2 * PAGE, 1);
            assertThat(heard).hasSize(1);
        }
    }

    @Test
    void everyFrameThatGoesFromTheMapAndEveryEpochIsAnnounced() {
        try (var memory = patchwork()) {
            var changes = new AtomicInteger();
            var epochs = new AtomicInteger();
            memory.onChange(changes::incrementAndGet);
            memory.onEpoch(epochs::incrementAndGet);
            memory.map(7, 2);
            assertThat(changes.get()).isZero(); // nobody can have cached a hole
            memory.map(7, 1);
            assertThat(memory.unmap(7)).isEqualTo(1);
            assertThat(memory.unmap(7)).isEqualTo(-1);
            assertThat(changes.get()).isEqualTo(2);
            memory.beginEpoch();
            assertThat(changes.get()).isEqualTo(2);
            assertThat(epochs.get()).isEqualTo(1);
        }
    }

    /// Several threads write, one copies what an epoch has dirtied: after the last one the copy is
    /// the same.
    @Test
    void whoCopiesWhatEachEpochHasDirtiedMissesNothing() throws Exception {
        int frames = 64;
        try (var memory = GuestMemory.withRam((long) frames * PAGE, 0)) {
            var writers = new ArrayList<Thread>();
            for (int writer = 0; writer < 2; writer++) {
                long seed = 70 + writer;
                writers.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    var random = new SplittableRandom(seed);
                                    for (int i = 0; i < 300_000; i++) {
                                        write(
                                                memory,
                                                random.nextInt(frames * PAGE - 8),
                                                8,
                                                random.nextLong());
                                    }
                                }));
            }
            var copy = new byte[frames * PAGE];
            int since = 0;
            boolean last = false;
            while (!last) {
                last = writers.stream().noneMatch(Thread::isAlive);
                int epoch = memory.beginEpoch();
                for (int frame = memory.nextDirty(0, since);
                        frame < frames;
                        frame = memory.nextDirty(frame + 1, since)) {
                    memory.read((long) frame * PAGE, copy, frame * PAGE, PAGE);
                }
                since = epoch;
            }
            assertThat(copy).isEqualTo(memory.read(0, frames * PAGE));
            assertThat(memory.nextDirty(0, since)).isEqualTo(frames);
        }
    }

    @Test
    void releasedPagesAreHolesAndTheirFramesComeBackErasedAndDirty() {
        try (var memory = GuestMemory.withRam(8 * PAGE, 0)) {
            var changes = new AtomicInteger();
            var heard = new ArrayList<Integer>();
            memory.onChange(changes::incrementAndGet);
            memory.onWatchedWrite(heard::add);
            for (int gfn = 0; gfn < 8; gfn++) {
                memory.writeLong(gfn * PAGE, gfn + 100);
            }
            memory.watch(memory.frameAt(5));
            int watched = memory.frameAt(5);
            memory.beginEpoch();
            changes.set(0);
            memory.release(new long[] {7, 3, 2, 5, 4}, 1, 4);
            assertThat(changes.get()).isEqualTo(1);
            assertThat(heard).containsExactly(watched);
            assertThat(memory.freeFrameCount()).isEqualTo(4);
            for (int gfn = 0; gfn < 8; gfn++) {
                boolean gone = gfn >= 2 && gfn <= 5;
                assertThat(memory.readLong(gfn * PAGE)).isEqualTo(gone ? -1 : gfn + 100);
            }
            memory.writeLong(2 * PAGE, 7); // dropped
            for (int i = 0; i < 4; i++) {
                int frame = memory.allocateFrame();
                assertThat(memory.dirtyEpoch(frame)).isEqualTo(memory.epoch());
                memory.map(20, frame);
                assertThat(memory.readLong(20 * PAGE)).isZero();
            }
        }
    }

    @Test
    void aFreedFrameComesBackErasedAndDirty() {
        try (var memory = GuestMemory.create(1)) {
            int frame = memory.allocateFrame();
            assertThat(memory.allocateFrame()).isEqualTo(-1);
            memory.map(5, frame);
            memory.writeLong(5 * PAGE, -1);
            memory.unmap(5);
            memory.beginEpoch();
            memory.freeFrame(frame);
            assertThat(memory.freeFrameCount()).isEqualTo(1);
            assertThat(memory.dirtyEpoch(frame)).isEqualTo(memory.epoch());
            memory.map(6, memory.allocateFrame());
            assertThat(memory.readLong(6 * PAGE)).isZero();
        }
    }

    @Test
    void aFrameShownTwiceIsOneFrame() {
        try (var memory = patchwork()) {
            memory.map(9, 0);
            memory.writeLong(9 * PAGE + 16, 42);
            assertThat(memory.readLong(16)).isEqualTo(42);
        }
    }

    @Test
    void framesAndPlacesThatDoNotExistAreOurMistake() {
        try (var memory = patchwork()) {
            assertThatThrownBy(() -> memory.map(0, 4)).isInstanceOf(Bug.class);
            assertThatThrownBy(() -> memory.map(1L << 28, 0)).isInstanceOf(Bug.class);
            assertThat(GuestMemory.isAddressable((1L << 28) - 1)).isTrue();
            assertThat(GuestMemory.isAddressable(1L << 28)).isFalse();
        }
    }

    @Test
    void bothKindsOfHostMemoryAreErasedByDiscard() {
        for (var host : new HostMemory[] {HostMemory.allocate(8192), HostMemory.inArena(8192)}) {
            try (host) {
                assertThat(host.segment().address() % PAGE).isZero();
                host.segment().fill((byte) 3);
                host.discard(PAGE, PAGE);
                assertThat(host.segment().get(ValueLayout.JAVA_BYTE, PAGE - 1)).isEqualTo((byte) 3);
                assertThat(host.segment().get(ValueLayout.JAVA_BYTE, PAGE)).isZero();
            }
        }
    }
}
