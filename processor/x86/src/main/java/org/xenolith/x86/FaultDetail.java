package org.xenolith.x86;

import java.util.Set;

/// What the processor reports of a fault depends on the instruction as well as on the access that
/// faulted. Memory accesses raise the simple form; this makes it complete before it is delivered.
public final class FaultDetail {
    /// Page fault error code (SDM vol. 3A, 4.7): the access was a write.
    private static final int WRITE = 1 << 1;

    /// Page fault error code: the access was an instruction fetch.
    private static final int FETCH = 1 << 4;

    /// How far from RSP or RBP an access of a stack instruction may be: ENTER takes a 16-bit size.
    private static final long STACK_REACH = 1 << 17;

    /// An FXSAVE image.
    private static final int OPERAND_BYTES_MAX = 512;

    private static final Set<String> BIT_INSTRUCTIONS = Set.of("BTS", "BTR", "BTC");

    private FaultDetail() {}

    /// The fault to deliver for `trap`, raised by `instruction`. The state is that before it.
    public static Trap complete(Cpu cpu, Instruction instruction, Trap trap) {
        if (trap.vector() == Trap.PAGE_FAULT) {
            boolean write =
                    instruction.row().isModifying()
                            && instruction.first() instanceof Operand.Memory
                            && (trap.errorCode() & FETCH) == 0;
            return write ? asWrite(cpu, instruction, trap) : trap;
        }
        return trap.isNonCanonical() && isOnStack(cpu, instruction, trap.address())
                ? Trap.of(Trap.STACK_FAULT, 0)
                : trap;
    }

    /// What the write of the first operand would raise, where reading it has raised `trap`.
    private static Trap asWrite(Cpu cpu, Instruction instruction, Trap trap) {
        var operand = (Operand.Memory) instruction.first();
        long start = linear(cpu, instruction, operand);
        long distance = trap.address() - start;
        if (distance >= 0 && distance < operand.bytes()) {
            try {
                cpu.probeWrite(start, operand.bytes());
            } catch (Trap write) {
                return write;
            }
        }
        return Trap.pageFault(trap.errorCode() | WRITE, trap.address());
    }

    private static long linear(Cpu cpu, Instruction instruction, Operand.Memory operand) {
        long offset = operand.displacement() + bitOffset(cpu, instruction);
        offset +=
                operand.base() < 0 || operand.base() == Operand.RIP
                        ? 0
                        : cpu.registers[operand.base()];
        offset += operand.index() < 0 ? 0 : cpu.registers[operand.index()] * operand.scale();
        offset = operand.addressSize().zeroExtend(offset);
        if (!cpu.is64()) {
            return cpu.base(operand.segment()) + offset & 0xFFFF_FFFFL;
        }
        return operand.segment() < Segments.FS ? offset : offset + cpu.base(operand.segment());
    }

    /// How far BTS, BTR and BTC with a bit number in a register go from their operand, in bytes.
    private static long bitOffset(Cpu cpu, Instruction instruction) {
        if (!BIT_INSTRUCTIONS.contains(instruction.row().name())
                || !(instruction.second() instanceof Operand.Register bit)) {
            return 0;
        }
        var width = bit.width();
        long number = width.signExtend(width.zeroExtend(cpu.registers[bit.number()]));
        return Math.floorDiv(number, width.bits()) * width.bytes();
    }

    private static boolean isOnStack(Cpu cpu, Instruction instruction, long address) {
        for (var operand : instruction.operands()) {
            if (operand instanceof Operand.Memory m) {
                long distance = address - linear(cpu, instruction, m);
                boolean within = distance >= 0 && distance < OPERAND_BYTES_MAX;
                if (within || !instruction.row().touchesStack()) {
                    return m.segment() == Segments.SS;
                }
            }
        }
        return instruction.row().touchesStack()
                && (isNear(address, cpu.registers[Registers.RSP])
                        || isNear(address, cpu.registers[Registers.RBP]));
    }

    private static boolean isNear(long address, long pointer) {
        return Math.abs(address - pointer) <= STACK_REACH;
    }
}
