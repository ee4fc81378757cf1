package org.xenolith.x86;

import org.xenolith.base.Bug;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.HostInstruction.Part;
import org.xenolith.ir.HostInstruction.Use;
import org.xenolith.ir.Op;

import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// An instruction of the guest as one of an x86-64 host, for [Op.Host]. Which opcode that is, the
/// row says; which registers, the instruction; what becomes of them, the ops that it was lifted to.
final class HostForm {
    // Bits of CPUID leaf 1, ECX (SDM vol. 2A, table 3-10).
    private static final int SSE3 = 1;
    private static final int PCLMULQDQ = 1 << 1;
    private static final int SSSE3 = 1 << 9;
    private static final int SSE4_1 = 1 << 19;
    private static final int SSE4_2 = 1 << 20;
    private static final int AES = 1 << 25;

    /// What the host must have for any of these instructions.
    static final int VECTORS = SSE3 | SSSE3 | SSE4_1 | SSE4_2;

    /// What it must have for cryptography (SDM vol. 1, 5.12).
    static final int CRYPTOGRAPHY = VECTORS | AES | PCLMULQDQ;

    private final Instruction instruction;
    private final boolean answers;
    private final Set<Integer> read = new HashSet<>();
    private final Set<Integer> written = new HashSet<>();

    private HostForm(Instruction instruction, List<Op> ops, boolean answers) {
        this.instruction = instruction;
        this.answers = answers;
        for (var op : ops) {
            switch (op) {
                case Op.ReadRegister(int slot) -> read.add(slot);
                case Op.WriteRegister(int slot, _) -> written.add(slot);
                case Op _ -> {}
            }
        }
    }

    /// The opcode of a row on the host.
    static HostInstruction.Opcode opcode(Encoding encoding, int features, int control) {
        return new HostInstruction.Opcode(
                Math.max(encoding.prefix(), 0),
                encoding.map(),
                encoding.opcode(),
                features,
                control);
    }

    /// @param ops what the instruction does
    /// @param answers whether they make a number or flags, rather than change a vector or memory
    static HostInstruction of(Instruction instruction, List<Op> ops, boolean answers) {
        return new HostForm(instruction, ops, answers).make();
    }

    private HostInstruction make() {
        var row = instruction.row();
        int digit = row.encoding().digit();
        Part reg = digit < 0 ? null : new Part.Digit(digit);
        Part rm = null;
        var immediate = OptionalInt.empty();
        for (int index = 0; index < row.operands().size(); index++) {
            var operand = instruction.operands()[index];
            switch (row.operands().get(index).place) {
                case VECTOR_REG, REG -> reg = part(operand, index == 0);
                case VECTOR_RM, VECTOR_RM_REGISTER, RM, MEMORY -> rm = part(operand, index == 0);
                case IMMEDIATE -> immediate = OptionalInt.of(XmmOperands.immediate(operand));
                default -> throw new Bug("operands of " + row + " are those of the SSE unit");
            }
        }
        return new HostInstruction(
                row.host().orElseThrow(), instruction.rexW(), reg, rm, immediate, implicit());
    }

    private Part part(Operand operand, boolean first) {
        return switch (operand) {
            case Operand.Vector v -> vector(v, first);
            case Operand.Memory m -> new Part.Memory(m.bytes(), first && !answers);
            case Operand.Register r when first -> new Part.Result(r.width());
            case Operand.Register r -> new Part.General(r.number());
            default -> throw new Bug("operand " + operand + " is one of the SSE unit");
        };
    }

    private Part.Vector vector(Operand.Vector v, boolean first) {
        return new Part.Vector(v.number(), Lifter.low(v), first && !answers ? use(v) : Use.READ);
    }

    /// Helpers that write a register reach it by its number, and are taken to read it.
    private Use use(Operand.Vector v) {
        boolean whole = written.contains(Lifter.low(v)) && written.contains(Lifter.high(v));
        boolean isRead = read.contains(Lifter.low(v)) || read.contains(Lifter.high(v));
        return whole && !isRead ? Use.WRITTEN : Use.BOTH;
    }

    /// The variable blends have their mask in XMM0.
    private List<Part.Vector> implicit() {
        return instruction.row().usesXmm0()
                ? List.of(new Part.Vector(0, Registers.XMM, Use.READ))
                : List.of();
    }
}
