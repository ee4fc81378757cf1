package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.stream.LongStream;

/// The time-stamp counter as the guest reads it, in all ways of execution: machine code asks the
/// host itself.
class TimeStampTest {
    private static final int READINGS = 400;
    private static final int RCX = 1;
    private static final int R9 = 9;
    private static final int TSC_AUX = 0xC000_0103;
    private static final int AUX = 77;

    private static final int[] RDTSC = {0x0F, 0x31};
    private static final int[] RDTSCP = {0x0F, 0x01, 0xF9};

    /// `instruction` so often, each reading behind the last at r14; rcx and r9 end as the
    /// instruction and this leave them.
    private static Assembler readings(int... instruction) {
        var code = new Assembler(TestGuest.CODE);
        // mov ecx, msr; mov eax, aux; xor edx, edx; wrmsr
        code.bytes(0xB9).number(TSC_AUX, 4).bytes(0xB8).number(AUX, 4).bytes(0x31, 0xD2);
        code.bytes(0x0F, 0x30, 0x45, 0x31, 0xC0); // xor r8d, r8d
        long top = code.here();
        code.bytes(0x44, 0x89, 0xC1, 0x49, 0xC7, 0xC1).number(5, 4); // mov ecx, r8d; mov r9, 5
        code.bytes(instruction);
        code.bytes(0x48, 0xC1, 0xE2, 32, 0x48, 0x09, 0xD0); // shl rdx, 32; or rax, rdx
        code.bytes(0x4B, 0x89, 0x04, 0xC6, 0x41, 0xFF, 0xC0); // mov [r14 + r8*8], rax; inc r8d
        code.bytes(0x41, 0x81, 0xF8).number(READINGS, 4); // cmp r8d, readings
        return code.jump(top, 0x0F, 0x85).bytes(0xF4);
    }

    private static void check(Execution execution, int[] instruction, long expectedRcx) {
        try (var guest = new TestGuest(execution.options(0, true), Translator.BLOCK_MAX)) {
            guest.load(readings(instruction));
            long before = guest.vcpu.timeStampCounter();
            guest.runToHalt(1000);
            long after = guest.vcpu.timeStampCounter();

            var read =
                    LongStream.range(0, READINGS)
                            .map(index -> guest.memory.readLong(TestGuest.DATA + 8 * index))
                            .boxed()
                            .toList();
            assertThat(read).isSorted().allMatch(time -> time >= before && time <= after);
            assertThat(guest.register(RCX)).isEqualTo(expectedRcx);
            assertThat(guest.register(R9)).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @EnumSource
    void itNeverGoesBack(Execution execution) {
        check(execution, RDTSC, READINGS - 1);
    }

    @ParameterizedTest
    @EnumSource
    void withItComesTheProcessorsNumber(Execution execution) {
        check(execution, RDTSCP, AUX);
    }
}
