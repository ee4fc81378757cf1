package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

class StringOperationsTest {
    private static final int SIZE = 1 << 15;
    private static final long PC = 0x100;
    private static final long NEXT = 0x103;
    private static final int[] WIDTHS = {8, 16, 32, 64};

    private static ArrayCpu flat64() {
        var cpu = new ArrayCpu(SIZE);
        cpu.cr0 = Bits.CR0_PE | Bits.CR0_PG;
        cpu.efer = Bits.EFER_LMA;
        cpu.attributes[Segments.CS] = Segments.LONG | Segments.CODE | Segments.PRESENT;
        cpu.registers[Registers.DIRECTION] = 1;
        cpu.modeChanged();
        return cpu;
    }

    /// Executes until the instruction is complete.
    private static void complete(ArrayCpu cpu, int kind, int bits, int addressBits) {
        int rounds = 0;
        do {
            cpu.pc = PC;
            switch (kind) {
                case 0 -> {
                    StringOperations.copy(cpu, bits, addressBits, Segments.DS);
                    goOn(cpu, addressBits);
                }
                case 1 -> {
                    StringOperations.fill(cpu, bits, addressBits);
                    goOn(cpu, addressBits);
                }
                case 2 -> StringOperations.load(cpu, bits, addressBits, Segments.DS, PC, NEXT);
                case 3 ->
                        StringOperations.compare(cpu, bits, addressBits, Segments.DS, 1, PC, NEXT);
                case 4 -> StringOperations.scan(cpu, bits, addressBits, 0, PC, NEXT);
                default -> PortOperations.inString(cpu, bits, addressBits, 1, PC, NEXT);
            }
            assertThat(++rounds).isLessThan(100_000);
        } while (cpu.pc == PC);
        assertThat(cpu.pc).isEqualTo(NEXT);
    }

    private static void goOn(ArrayCpu cpu, int addressBits) {
        long left = cpu.registers[Registers.RCX] & StringOperations.mask(addressBits);
        cpu.pc = left == 0 ? NEXT : PC;
    }

    @Test
    void aRepeatedInstructionIsItsElementsOneByOne() {
        for (int seed = 0; seed < 4000; seed++) {
            var random = new Random(seed);
            int kind = random.nextInt(6);
            int bits = WIDTHS[random.nextInt(kind == 5 ? 3 : 4)];
            int addressBits = random.nextInt(4) == 0 ? 32 : 64;
            var runs = flat64();
            random.nextBytes(runs.memory);
            if (kind >= 3) {
                // Long stretches that are equal, to compare and scan.
                for (int at = 0; at < SIZE; at++) {
                    runs.memory[at] = (byte) (random.nextInt(3000) == 0 ? 1 : 0);
                }
            }
            long from = random.nextInt(SIZE);
            long distance = random.nextInt(3) == 0 ? random.nextInt(40) - 20 : random.nextInt(SIZE);
            runs.registers[Registers.RSI] = from + 0x10000;
            runs.registers[Registers.RDI] = from + 0x10000 + distance;
            runs.registers[Registers.RCX] = random.nextInt(random.nextBoolean() ? 6 : 2500);
            runs.registers[Registers.RAX] = random.nextBoolean() ? 1 : random.nextLong();
            runs.registers[Registers.DIRECTION] = random.nextInt(3) == 0 ? -1 : 1;
            var single = flat64();
            System.arraycopy(runs.memory, 0, single.memory, 0, SIZE);
            System.arraycopy(runs.registers, 0, single.registers, 0, runs.registers.length);
            single.setSystemFlags(Bits.TF);
            complete(runs, kind, bits, addressBits);
            complete(single, kind, bits, addressBits);
            single.setSystemFlags(runs.systemFlags());
            String what = "seed " + seed + " kind " + kind + " bits " + bits;
            assertThat(runs.registers).as(what).isEqualTo(single.registers);
            assertThat(Arrays.mismatch(runs.memory, single.memory)).as(what).isEqualTo(-1);
            assertThat(runs.statusFlags()).as(what).isEqualTo(single.statusFlags());
        }
    }

    @Test
    void aFillThatPropagatesReadsWhatItHasWritten() {
        var cpu = flat64();
        cpu.memory[0x2000] = 7;
        cpu.registers[Registers.RSI] = 0x2000;
        cpu.registers[Registers.RDI] = 0x2001;
        cpu.registers[Registers.RCX] = 5000;
        complete(cpu, 0, 8, 64);
        for (int at = 0x2000; at <= 0x2000 + 5000; at++) {
            assertThat(cpu.memory[at]).isEqualTo((byte) 7);
        }
    }

    @Test
    void plainMemoryIsCopiedInRunsOfPages() {
        var cpu = flat64();
        cpu.registers[Registers.RSI] = 0;
        cpu.registers[Registers.RDI] = 0x4000;
        cpu.registers[Registers.RCX] = 0x4000 / 8;
        complete(cpu, 0, 64, 64);
        assertThat(cpu.runs).isEqualTo(4);
        assertThat(cpu.elements).isEqualTo(4);
    }

    @Test
    void aFaultFindsWhatCameBeforeItDoneAndNothingElse() {
        var cpu = flat64();
        cpu.readOnlyFrom = 0x3000;
        cpu.registers[Registers.RDI] = 0x2F00;
        cpu.registers[Registers.RCX] = 100;
        var trap = catchThrowableOfType(Trap.class, () -> complete(cpu, 1, 64, 64));
        assertThat(trap.address()).isEqualTo(0x3000);
        assertThat(cpu.registers[Registers.RDI]).isEqualTo(0x3000);
        assertThat(cpu.registers[Registers.RCX]).isEqualTo(100 - 0x100 / 8);
    }

    @Test
    void countsOf32BitsClearTheHighHalves() {
        var cpu = flat64();
        cpu.registers[Registers.RCX] = 0x1_0000_0000L;
        cpu.registers[Registers.RSI] = -1;
        cpu.registers[Registers.RDI] = -1;
        complete(cpu, 0, 8, 32);
        assertThat(cpu.registers[Registers.RCX]).isZero();
        assertThat(cpu.registers[Registers.RSI]).isEqualTo(0xFFFF_FFFFL);
        assertThat(cpu.registers[Registers.RDI]).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void portsAreOpenByPrivilegeOrByTheBitmap() {
        var cpu = flat64();
        cpu.attributes[Segments.SS] = 3 << Segments.DPL_SHIFT;
        cpu.modeChanged();
        assertThat(
                        catchThrowableOfType(Trap.class, () -> PortOperations.in(cpu, 0x3F8, 1))
                                .vector())
                .isEqualTo(Trap.GENERAL_PROTECTION);
        cpu.setSegment(Segments.TR, 8, 0x1000, 0x1FFF, 0x8B);
        cpu.memory[0x1000 + 102] = 104;
        cpu.memory[0x1000 + 104 + 0x3F8 / 8] = (byte) 0xFE;
        assertThat(PortOperations.in(cpu, 0x3F8, 1)).isEqualTo(1);
        assertThat(catchThrowableOfType(Trap.class, () -> PortOperations.in(cpu, 0x3F8, 2)))
                .isNotNull();
        cpu.setSystemFlags(Bits.IOPL);
        assertThat(PortOperations.in(cpu, 0x3F8, 2)).isEqualTo(2);
    }

    @Test
    void allRowsStandTogetherInOneTable() {
        assertThat(InstructionSet.ALL.rows()).containsAll(Strings.TABLE.rows());
        assertThat(InstructionSet.ALL.rows()).containsAll(PortIo.TABLE.rows());
    }
}
