package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.time.Duration;

/// Guests that make code without end, with little room for machine code: all of it is thrown away
/// again and again while several vCPUs make, link and execute it.
@Timeout(120)
class EvictionTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final int MACHINE_CODE_BYTES = 80 << 10;

    /// Of that, what is kept for one more region of the largest size.
    private static final int RESERVE_BYTES = 64 << 10;

    /// The least that a region takes.
    private static final int REGION_BYTES = 32;

    private static final int FUNCTIONS = 0x90000;
    private static final int SLOTS = 4096;
    private static final int SLOT_SHIFT = 6;
    private static final int COMMON = 0x80000;
    private static final int RESULTS = TestGuest.DATA;
    private static final int CALLS = 40;

    /// Writes a function that answers ecx into the next slot and calls it, so many times; adds up
    /// what it answers in rbx, and calls a function of all vCPUs, which counts in rbx.
    private static void makeAndCall(Assembler code, int vcpu, int times) {
        long area = FUNCTIONS + (long) vcpu * (SLOTS << SLOT_SHIFT);
        code.load(6, area).bytes(0x31, 0xDB, 0x31, 0xD2, 0xB9).number(times, 4);
        long top = code.here();
        code.bytes(0x48, 0x89, 0xD7, 0x48, 0xC1, 0xE7, SLOT_SHIFT, 0x48, 0x01, 0xF7);
        code.bytes(0xC6, 0x07, 0xB8, 0x89, 0x4F, 1, 0xC6, 0x47, 5, 0xC3);
        code.bytes(0x41, 0xB8).number(CALLS, 4);
        long again = code.here();
        code.bytes(0xFF, 0xD7, 0x48, 0x01, 0xC3, 0x41, 0xFF, 0xC8).jump(again, 0x0F, 0x85);
        code.call(COMMON);
        code.bytes(0xFF, 0xC2, 0x81, 0xFA).number(SLOTS, 4).bytes(0x75, 2, 0x31, 0xD2);
        code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85);
        ParallelGuest.write(code, RESULTS + 8L * vcpu, ParallelGuest.RBX);
    }

    @ParameterizedTest
    @EnumSource(names = {"MACHINE_CODE", "MACHINE_CODE_SOON", "BOTH_SOON"})
    void vcpusThatMakeCodeWithoutEndComputeTheSameInBoundedMemory(Execution execution)
            throws Exception {
        int vcpus = 2;
        int times = 3 * SLOTS;
        try (var parallel = new ParallelGuest(execution, MACHINE_CODE_BYTES)) {
            for (int vcpu = 0; vcpu < vcpus; vcpu++) {
                makeAndCall(parallel.vcpu(), vcpu, times);
            }
            parallel.guest.load(new Assembler(COMMON).bytes(0x48, 0x8D, 0x5B, 1, 0xC3));
            parallel.run(LIMIT);

            for (int vcpu = 0; vcpu < vcpus; vcpu++) {
                assertThat(parallel.word(RESULTS + 8L * vcpu))
                        .isEqualTo((long) CALLS * times * (times + 1) / 2 + times);
            }
            var engine = parallel.guest.engine;
            int evictedAfter = (MACHINE_CODE_BYTES - RESERVE_BYTES) / REGION_BYTES;
            assertThat(engine.compiledRegions()).isGreaterThan(evictedAfter);
            assertThat(engine.regionsInUse()).isLessThan(MACHINE_CODE_BYTES / REGION_BYTES);
        }
    }
}
