package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Verifier;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/// What single instructions cannot show: pending exceptions, pointers, images.
class X87Test {
    private static final int SIZE = 1 << 14;
    private static final long PC = 0x1230;
    private static final long RSI = 0x2000;
    private static final int DIVIDE_UNMASKED = 0x037B;
    private static final int SUMMARY = 1 << 7 | 1 << 15;

    private static ArrayCpu cpu() {
        var cpu = new ArrayCpu(SIZE);
        cpu.cr0 = Bits.CR0_PE | Bits.CR0_PG | Bits.CR0_NE;
        cpu.cr4 = Bits.CR4_OSFXSR;
        cpu.efer = Bits.EFER_LMA;
        cpu.attributes[Segments.CS] = Segments.LONG | Segments.CODE | Segments.PRESENT;
        cpu.registers[Registers.DIRECTION] = 1;
        cpu.registers[Registers.RSI] = RSI;
        cpu.modeChanged();
        return cpu;
    }

    private static void run(ArrayCpu cpu, String... instructions) {
        for (var hex : instructions) {
            var code = HexFormat.of().parseHex(hex);
            var mode = new Mode(cpu.mode);
            var instruction =
                    new Decoder(InstructionSet.ALL)
                            .decode(at -> code[(int) (at - PC)] & 0xFF, PC, mode);
            var lifter = new Lifter(mode);
            lifter.lift(instruction);
            lifter.endAt(lifter.next());
            new Evaluator(Verifier.check(lifter.unit())).execute(cpu);
        }
    }

    private static int vector(ArrayCpu cpu, String instruction) {
        var trap = catchThrowableOfType(Trap.class, () -> run(cpu, instruction));
        return trap == null ? -1 : trap.vector();
    }

    /// One divided by zero, unmasked: the division at a memory operand has just been executed.
    private static ArrayCpu withPendingException() {
        var cpu = cpu();
        run(cpu, "dbe3");
        cpu.fpu.control(DIVIDE_UNMASKED);
        run(cpu, "d9e8", "d836");
        return cpu;
    }

    @Test
    void anUnmaskedExceptionStopsTheNextInstructionThatWaits() {
        var cpu = withPendingException();
        assertThat(cpu.fpu.status() & (SUMMARY | 4)).isEqualTo(SUMMARY | 4);
        var before = FpuImage.save(cpu);
        for (var waiting : new String[] {"9b", "d9e8", "d92e", "0f6fc1", "0f77", "dd26"}) {
            assertThat(vector(cpu, waiting)).as(waiting).isEqualTo(Trap.FLOATING_POINT);
        }
        for (var control : new String[] {"dfe0", "dd3e", "d93e", "0fae06"}) {
            assertThat(vector(cpu, control)).as(control).isEqualTo(-1);
        }
        assertThat(FpuImage.save(cpu)).isEqualTo(before);
        run(cpu, "dbe2", "9b");
    }

    @Test
    void anExceptionWithoutNumericErrorStopsNothing() {
        var cpu = withPendingException();
        cpu.cr0 &= ~Bits.CR0_NE;
        run(cpu, "9b", "d9e8");
    }

    @Test
    void controlWordsMakeAndUnmakePendingExceptions() {
        var cpu = withPendingException();
        cpu.fpu.control(0x037F);
        run(cpu, "9b");
        cpu.store16(RSI, DIVIDE_UNMASKED);
        run(cpu, "d92e");
        assertThat(vector(cpu, "9b")).isEqualTo(Trap.FLOATING_POINT);
    }

    @Test
    void pointersTellOfTheLastInstructionAndTheLastUnmaskedException() {
        var cpu = withPendingException();
        assertThat(cpu.fpu.instructionPointer).isEqualTo(PC);
        assertThat(cpu.fpu.dataPointer).isEqualTo(RSI);
        assertThat(cpu.fpu.lastOpcode).isEqualTo(0x036 & 0x7FF);
        run(cpu, "dbe2");
        cpu.registers[Registers.RSI] += 8;
        run(cpu, "d906", "d93e");
        assertThat(cpu.fpu.dataPointer).isEqualTo(RSI);
        run(cpu, "dbe3");
        assertThat(cpu.fpu.instructionPointer).isZero();
        assertThat(cpu.fpu.dataPointer).isZero();
    }

    @Test
    void aFaultingStoreChangesNothing() {
        for (var store : new String[] {"d91e", "dd1e", "db3e", "df36", "df3e", "db0e", "dd36"}) {
            var cpu = withPendingException();
            run(cpu, "dbe2");
            cpu.fpu.control(0x037F);
            run(cpu, "d9eb");
            cpu.readOnlyFrom = 0;
            var before = FpuImage.save(cpu);
            var memory = cpu.memory.clone();
            assertThat(vector(cpu, store)).as(store).isEqualTo(Trap.PAGE_FAULT);
            assertThat(FpuImage.save(cpu)).isEqualTo(before);
            assertThat(cpu.memory).isEqualTo(memory);
        }
    }

    @Test
    void whatIsSavedIsRestoredInAllForms() {
        for (int seed = 0; seed < 200; seed++) {
            int form = seed & 3;
            var random = new Random(seed);
            var cpu = randomState(random);
            int pointerBits = (form & 1) == 0 ? 32 : (form & 2) == 0 ? 16 : 20;
            cpu.fpu.instructionPointer &= -1L >>> 64 - pointerBits;
            cpu.fpu.dataPointer &= -1L >>> 64 - pointerBits;
            cpu.fpu.lastOpcode = (form & 3) == 1 ? 0 : cpu.fpu.lastOpcode;
            var before = FpuImage.save(cpu);
            X87Environment.save(cpu, RSI + seed, form);
            assertThat(cpu.fpu.occupied).isZero();
            X87Environment.restore(cpu, RSI + seed, form);
            assertThat(FpuImage.save(cpu)).as("seed %d", seed).isEqualTo(before);
        }
    }

    @Test
    void fxsaveOf64BitsIsTheImageAndFxrstorTakesIt() {
        for (int seed = 0; seed < 50; seed++) {
            var cpu = randomState(new Random(seed));
            var image = FpuImage.save(cpu);
            run(cpu, "480fae06");
            var stored = Arrays.copyOfRange(cpu.memory, (int) RSI, (int) RSI + 416);
            assertThat(stored).isEqualTo(Arrays.copyOf(image, 416));
            FpuImage.restore(cpu, FpuImage.save(cpu()));
            run(cpu, "480fae0e");
            assertThat(FpuImage.save(cpu)).as("seed %d", seed).isEqualTo(image);
        }
    }

    @Test
    void reservedBitsOfMxcsrAreRefused() {
        var cpu = cpu();
        cpu.store32(RSI, 0x1_0000);
        cpu.store32(RSI + 24, 0x1_0000);
        assertThat(vector(cpu, "0fae16")).isEqualTo(Trap.GENERAL_PROTECTION);
        assertThat(vector(cpu, "0fae0e")).isEqualTo(Trap.GENERAL_PROTECTION);
        assertThat(cpu.fpu.mxcsr.value()).isEqualTo(0x1F80);
    }

    @Test
    void everyMmxInstructionButEmmsMakesAllRegistersValid() {
        for (var code : new String[] {"0f6fc1", "0fefc0", "0fd7c1", "0f7e06", "0f71d001"}) {
            var cpu = cpu();
            run(cpu, "dbe3", "d9f6", code);
            assertThat(cpu.fpu.occupied).as(code).isEqualTo(0xFF);
            assertThat(cpu.fpu.top).as(code).isZero();
            run(cpu, "0f77");
            assertThat(cpu.fpu.occupied).as(code).isZero();
        }
    }

    /// A state as FXRSTOR may leave it, nothing pending.
    private static ArrayCpu randomState(Random random) {
        var cpu = cpu();
        var image = new byte[512];
        random.nextBytes(image);
        image[0] |= 0x3F;
        FpuImage.restore(cpu, image);
        return cpu;
    }
}
