package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;

class SimdExceptionTest {
    private static final int DIVIDE_BY_ZERO = 4;
    private static final int DIVIDE_BY_ZERO_MASK = 0x200;
    private static final int SLOT = Registers.XMM + 6;
    private static final long ONE = Double.doubleToRawLongBits(1);
    private static final long TWO = Double.doubleToRawLongBits(2);

    private static ArrayCpu cpu(boolean masked, boolean delivered) {
        var cpu = new ArrayCpu(16);
        cpu.cr4 = delivered ? Bits.CR4_OSXMMEXCPT : 0;
        int value = cpu.fpu.mxcsr.value();
        cpu.fpu.mxcsr.value(masked ? value : value & ~DIVIDE_BY_ZERO_MASK);
        cpu.registers[SLOT] = TWO;
        cpu.registers[SLOT + 1] = ONE;
        return cpu;
    }

    private static Trap trapOfDivision(ArrayCpu cpu) {
        return catchThrowableOfType(Trap.class, () -> PackedFloats.divide64(cpu, SLOT, TWO, 0));
    }

    @Test
    void aMaskedExceptionLeavesItsFlagAndAResult() {
        var cpu = cpu(true, true);
        assertThat(trapOfDivision(cpu)).isNull();
        assertThat(cpu.registers[SLOT]).isEqualTo(ONE);
        assertThat(cpu.registers[SLOT + 1])
                .isEqualTo(Double.doubleToRawLongBits(Double.POSITIVE_INFINITY));
        assertThat(cpu.fpu.mxcsr.value() & DIVIDE_BY_ZERO).isNotZero();
    }

    @Test
    void anExceptionInOneLaneLeavesAllLanes() {
        var cpu = cpu(false, true);
        assertThat(trapOfDivision(cpu).vector()).isEqualTo(Trap.SIMD_FLOATING_POINT);
        assertThat(cpu.registers[SLOT]).isEqualTo(TWO);
        assertThat(cpu.registers[SLOT + 1]).isEqualTo(ONE);
        assertThat(cpu.fpu.mxcsr.value() & DIVIDE_BY_ZERO).isNotZero();
    }

    @Test
    void withoutOsxmmexcptItIsAnInvalidOpcode() {
        assertThat(trapOfDivision(cpu(false, false)).vector()).isEqualTo(Trap.INVALID_OPCODE);
    }

    @Test
    void anExceptionIsNotRaisedAgainByTheNextInstruction() {
        var cpu = cpu(false, true);
        trapOfDivision(cpu);
        assertThat(ScalarFloats.add64(cpu, ONE, ONE)).isEqualTo(TWO);
    }
}
