package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.ParallelGuest.RAX;
import static org.xenolith.engine.soft.ParallelGuest.RDX;
import static org.xenolith.engine.soft.ParallelGuest.repeat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;

/// What a guest's processors write is in the dirty set of an epoch, in whatever way they execute.
@Timeout(120)
class DirtyEpochTest {
    private static final int AREA = 0x8_0000;
    private static final int ROUNDS = 120_000;

    /// Not 0 when the copy has followed for long enough.
    private static final int ENOUGH = 0x1F_E000;

    /// Writes in every way at places that are random within a window of a few pages, which moves:
    /// through both views of memory, across pages, by strings, pushes and locked instructions.
    private static void writeAtRandom(ParallelGuest parallel, long seed) {
        var code = parallel.vcpu();
        code.load(RAX, seed);
        repeat(
                code,
                ROUNDS,
                () -> {
                    code.bytes(0x48, 0x69, 0xC0).number(0x5851_F42D, 4); // imul rax, rax, ...
                    code.bytes(0x48, 0x05).number(0x1405_7B7F, 4); // add rax, ...
                    code.bytes(0x48, 0x89, 0xC2, 0x48, 0xC1, 0xEA, 33); // mov rdx, rax; shr rdx, 33
                    code.bytes(0x81, 0xE2).number(0x1FFF, 4); // and edx, 8191
                    code.bytes(0x89, 0xF9, 0x81, 0xE1).number(0x7_F000, 4); // ecx = edi & ...
                    code.bytes(0x48, 0x01, 0xCA); // add rdx, rcx
                    code.bytes(0x48, 0x89, 0x82).number(AREA, 4); // mov [rdx + AREA], rax
                    long alias = TestGuest.ALIAS + AREA + 0x8_0000;
                    code.bytes(0x88, 0x82).number(alias, 4); // mov [rdx + ...], al
                    code.bytes(0xF0, 0x48, 0x0F, 0xC1, 0x82).number(AREA + 0x4000, 4); // xadd
                    code.bytes(0x57, 0x48, 0x8D, 0xBA).number(AREA + 0x9_0000, 4); // push; lea rdi
                    code.bytes(0xB9).number(20, 4).bytes(0xF3, 0xAA, 0x5F); // rep stosb; pop
                });
        code.load(RDX, 1);
        ParallelGuest.await(code, RDX, ENOUGH);
        code.load(RDX, 0);
    }

    @ParameterizedTest
    @EnumSource(Execution.class)
    void aCopyThatFollowsTheEpochsOfTwoRunningVcpusMissesNothing(Execution execution)
            throws Exception {
        try (var parallel = new ParallelGuest(execution)) {
            writeAtRandom(parallel, 1);
            writeAtRandom(parallel, 2);
            var memory = parallel.guest.memory;
            var copy = new Copy(memory);
            var done = parallel.start();
            int rounds = 0;
            boolean last = false;
            while (!last) {
                last = done.isDone();
                copy.follow();
                memory.writeLong(0x1F_F000 + rounds % 500 * 8, rounds); // as a back end does
                rounds++;
                memory.writeLong(ENOUGH, rounds > 3 ? 1 : 0);
                TimeUnit.MILLISECONDS.sleep(2);
            }
            done.get();
            copy.follow();

            assertThat(rounds).isGreaterThan(3);
            assertThat(copy.differences()).isEqualTo(new BitSet());
            // Not everything each time, or there would be nothing to follow.
            assertThat(copy.copied).isLessThan((long) rounds * memory.frameCount() / 2);
        }
    }

    /// Memory as somebody has it who has only been told of dirty frames.
    private static final class Copy {
        private final GuestMemory memory;
        private final MemorySegment frames;
        private int since;
        private long copied;

        Copy(GuestMemory memory) {
            this.memory = memory;
            this.frames = MemorySegment.ofArray(new byte[memory.frameCount() * Sizes.PAGE_BYTES]);
        }

        void follow() {
            int epoch = memory.beginEpoch();
            int count = memory.frameCount();
            for (int frame = memory.nextDirty(0, since);
                    frame < count;
                    frame = memory.nextDirty(frame + 1, since)) {
                page(frames, frame).copyFrom(page(memory.segment(), frame));
                copied++;
            }
            since = epoch;
        }

        BitSet differences() {
            var different = new BitSet();
            for (int frame = 0; frame < memory.frameCount(); frame++) {
                different.set(
                        frame, page(frames, frame).mismatch(page(memory.segment(), frame)) >= 0);
            }
            return different;
        }

        private static MemorySegment page(MemorySegment all, int frame) {
            return all.asSlice((long) frame * Sizes.PAGE_BYTES, Sizes.PAGE_BYTES);
        }
    }
}
