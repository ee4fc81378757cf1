package org.xenolith.x86;

import static org.xenolith.ir.Width.W16;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.ir.Width.W8;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.base.Bug;
import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.List;

/// Data transfer between general-purpose registers, memory and the stack (SDM vol. 1, 5.1.1).
final class Moves {
    // spotless:off
    static final Table TABLE = Table.of(join(List.of(
            row("MOV",    "88 /r",    Moves::mov, Eb, Gb),
            row("MOV",    "89 /r",    Moves::mov, Ev, Gv),
            row("MOV",    "8A /r",    Moves::mov, Gb, Eb),
            row("MOV",    "8B /r",    Moves::mov, Gv, Ev),
            row("MOV",    "A0",       Moves::mov, AL, Ob),
            row("MOV",    "A1",       Moves::mov, rAX, Ov),
            row("MOV",    "A2",       Moves::mov, Ob, AL),
            row("MOV",    "A3",       Moves::mov, Ov, rAX),
            row("MOV",    "B0+r",     Moves::mov, Zb, Ib),
            row("MOV",    "B8+r",     Moves::mov, Zv, Iv),
            row("MOV",    "C6 /0",    Moves::mov, Eb, Ib),
            row("MOV",    "C7 /0",    Moves::mov, Ev, Iz),
            row("MOVNTI", "NP 0F C3 /r", Moves::mov, My, Gy),
            row("MOVZX",  "0F B6 /r", Moves::movzx, Gv, Eb),
            row("MOVZX",  "0F B7 /r", Moves::movzx, Gv, Ew),
            row("MOVSX",  "0F BE /r", Moves::movsx, Gv, Eb),
            row("MOVSX",  "0F BF /r", Moves::movsx, Gv, Ew),
            row("MOVSXD", "63 /r",    Moves::movsxd, Gv, Ez).only64(),
            row("LEA",    "8D /r",    Moves::lea, Gv, M),
            row("XCHG",   "86 /r",    Moves::xchg, Eb, Gb).lockable(),
            row("XCHG",   "87 /r",    Moves::xchg, Ev, Gv).lockable(),
            row("XCHG",   "90+r",     Moves::xchgAccumulator, Zv, rAX),
            row("BSWAP",  "0F C8+r",  Moves::bswap, Zv),
            row("XLAT",   "D7",       Moves::xlat),
            row("CBW",    "98",       Moves::cbw),
            row("CWD",    "99",       Moves::cwd),
            row("PUSH",   "50+r",     Moves::push, Zv).default64(),
            row("PUSH",   "FF /6",    Moves::push, Ev).default64(),
            row("PUSH",   "68",       Moves::push, Iz).default64(),
            row("PUSH",   "6A",       Moves::push, Ibs).default64(),
            row("POP",    "58+r",     Moves::pop, Zv).default64(),
            row("POP",    "8F /0",    Moves::pop, Ev).default64(),
            row("PUSHA",  "60",       Moves::pusha).not64(),
            row("POPA",   "61",       Moves::popa).not64(),
            row("ENTER",  "C8",       Moves::enter, Iw, Ib).default64(),
            row("LEAVE",  "C9",       Moves::leave).default64(),
            row("LAHF",   "9F",       Moves::lahf),
            row("SAHF",   "9E",       Moves::sahf),
            row("CLC",    "F8",       Moves::clc),
            row("STC",    "F9",       Moves::stc),
            row("CMC",    "F5",       Moves::cmc),
            row("CLD",    "FC",       Moves::cld),
            row("STD",    "FD",       Moves::std),
            row("PREFETCHW", "0F 0D /r", Moves::nop, Ev),
            row("PREFETCH", "0F 18 /r", Moves::nop, Ev),
            row("NOP",    "0F 19 /r", Moves::nop, Ev),
            row("NOP",    "0F 1A /r", Moves::nop, Ev),
            row("NOP",    "0F 1B /r", Moves::nop, Ev),
            row("NOP",    "0F 1C /r", Moves::nop, Ev),
            row("NOP",    "0F 1D /r", Moves::nop, Ev),
            row("NOP",    "0F 1E /r", Moves::nop, Ev),
            row("NOP",    "0F 1F /r", Moves::nop, Ev)),
        conditional("SET", 0x90, Moves::set, Eb),
        conditional("CMOV", 0x40, Moves::cmov, Gv, Ev)));
    // spotless:on

    private static final Helper ENTER = Helper.named(Frames.class, "enter");
    private static final Helper PUSH_ALL = Helper.named(Frames.class, "pushAll");
    private static final Helper POP_ALL = Helper.named(Frames.class, "popAll");

    private Moves() {}

    @SafeVarargs
    static Row[] join(List<Row>... lists) {
        var all = new ArrayList<Row>();
        for (var list : lists) {
            all.addAll(list);
        }
        return all.toArray(Row[]::new);
    }

    /// Sixteen rows, one for each condition, in map 0F from `opcode`.
    private static List<Row> conditional(
            String name, int opcode, Row.Meaning meaning, Spec... operands) {
        var rows = new ArrayList<Row>();
        for (int code = 0; code < 16; code++) {
            var encoding = String.format("0F %02X /r", opcode + code);
            rows.add(row(name + suffix(code), encoding, meaning, operands));
        }
        return rows;
    }

    /// The mnemonic's suffix for a condition code.
    static String suffix(int code) {
        return Suffixes.of(code);
    }

    /// The condition in the low four bits of this row's opcode.
    static Condition condition(Instruction i) {
        return Condition.ofCode(i.row().encoding().opcode());
    }

    static void nop(Lifter l, Instruction i) {}

    static void mov(Lifter l, Instruction i) {
        l.write(i.first(), l.read(i.second()));
    }

    static void movzx(Lifter l, Instruction i) {
        l.write(i.first(), l.convert(l.read(i.second()), l.width(i.first())));
    }

    static void movsx(Lifter l, Instruction i) {
        l.write(i.first(), l.convertSigned(l.read(i.second()), l.width(i.first())));
    }

    static void movsxd(Lifter l, Instruction i) {
        l.write(i.first(), l.convertSigned(l.read(i.second()), l.width(i.first())));
    }

    static void lea(Lifter l, Instruction i) {
        int offset = l.offset((Operand.Memory) i.second());
        l.write(i.first(), l.convert(offset, l.width(i.first())));
    }

    /// XCHG with memory is locked with or without the prefix.
    static void xchg(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        if (i.first() instanceof Operand.Memory m) {
            l.storeConditional(l.address(m, l.width(left).bytes(), true), left, right);
            l.write(i.second(), left);
        } else {
            l.write(i.first(), right);
            l.write(i.second(), left);
        }
    }

    /// 90 without REX.B is NOP, which leaves the high half of RAX alone.
    static void xchgAccumulator(Lifter l, Instruction i) {
        if (((Operand.Register) i.first()).number() != Registers.RAX) {
            xchg(l, i);
        }
    }

    static void bswap(Lifter l, Instruction i) {
        int value = l.read(i.first());
        // Undefined for 16 bits; processors give zero.
        l.write(i.first(), l.width(value) == W16 ? l.constant(W16, 0) : l.swapBytes(value));
    }

    static void xlat(Lifter l, Instruction i) {
        var size = i.addressSize();
        int index = l.convert(l.general(Registers.RAX, W8), size);
        int offset = l.add(l.general(Registers.RBX, size), index);
        int address = l.linear(i.dataSegment(), offset, 1, false);
        l.setGeneral(Registers.RAX, l.load(W8, address));
    }

    /// CBW, CWDE and CDQE.
    static void cbw(Lifter l, Instruction i) {
        var half = Width.ofBits(i.operandSize().bits() / 2);
        int value = l.general(Registers.RAX, half);
        l.setGeneral(Registers.RAX, l.convertSigned(value, i.operandSize()));
    }

    /// CWD, CDQ and CQO.
    static void cwd(Lifter l, Instruction i) {
        var width = i.operandSize();
        int value = l.general(Registers.RAX, width);
        int sign = l.shiftRightSigned(value, l.constant(width, width.bits() - 1));
        l.setGeneral(Registers.RDX, sign);
    }

    static void set(Lifter l, Instruction i) {
        l.write(i.first(), l.test(condition(i)));
    }

    /// A memory source is read, and a 32-bit destination extended, whatever the condition.
    static void cmov(Lifter l, Instruction i) {
        int source = l.read(i.second());
        int old = l.read(i.first());
        l.write(i.first(), l.select(l.test(condition(i)), source, old));
    }

    // ---------------------------------------------------------------- stack

    static void push(Lifter l, Instruction i) {
        l.push(l.read(i.first()));
    }

    static void pop(Lifter l, Instruction i) {
        var width = i.operandSize();
        int value = l.peek(width, 0);
        int pointer = l.stackPointer(width.bytes());
        switch (i.first()) {
            case Operand.Register r -> {
                l.setStackPointer(pointer);
                l.write(r, value);
            }
            case Operand.Memory m -> {
                // An address by RSP is worked out after RSP has moved (SDM vol. 2B, POP).
                boolean byStack = m.base() == Registers.RSP;
                long moved = m.displacement() + (byStack ? width.bytes() : 0);
                var target =
                        new Operand.Memory(
                                m.segment(),
                                m.base(),
                                m.index(),
                                m.scale(),
                                moved,
                                m.addressSize(),
                                m.bytes());
                l.write(target, value);
                l.setStackPointer(pointer);
            }
            default -> throw new Bug("POP has a register or memory operand");
        }
    }

    /// All eight at once: the pushes below the first are checked with it, as one access.
    static void pusha(Lifter l, Instruction i) {
        l.call(PUSH_ALL, l.constant(W32, i.operandSize().bytes()));
    }

    static void popa(Lifter l, Instruction i) {
        l.call(POP_ALL, l.constant(W32, i.operandSize().bytes()));
    }

    static void enter(Lifter l, Instruction i) {
        l.call(
                ENTER,
                l.constant(W32, i.operandSize().bytes()),
                l.constant(W32, Lifter.immediate(i.first())),
                l.constant(W32, Lifter.immediate(i.second()) & 31));
    }

    static void leave(Lifter l, Instruction i) {
        var width = i.operandSize();
        var stack = l.mode().stackSize();
        int frame = l.general(Registers.RBP, stack);
        int value = l.load(width, l.linear(Segments.SS, frame, width.bytes(), false));
        l.setStackPointer(l.add(frame, l.constant(stack, width.bytes())));
        l.setGeneral(Registers.RBP, value);
    }

    // ---------------------------------------------------------------- flags

    static void lahf(Lifter l, Instruction i) {
        int flags = l.or(l.convert(l.flags(), W8), l.constant(W8, 2));
        int whole = l.register(Registers.RAX);
        int kept = l.and(whole, l.constant(W64, ~0xFF00L));
        int high = l.shiftLeft(l.convert(flags, W64), l.constant(W64, 8));
        l.setRegister(Registers.RAX, l.or(kept, high));
    }

    static void sahf(Lifter l, Instruction i) {
        int ah = l.shiftRight(l.register(Registers.RAX), l.constant(W64, 8));
        int low = l.and(ah, l.constant(W64, 0xFF));
        int overflow = l.and(l.flags(), l.constant(W64, 1 << 11));
        l.writeFlags(l.or(low, overflow));
    }

    static void clc(Lifter l, Instruction i) {
        l.setCarry(CarryRule.VALUE, l.constant(W8, 0));
    }

    static void stc(Lifter l, Instruction i) {
        l.setCarry(CarryRule.VALUE, l.constant(W8, 1));
    }

    static void cmc(Lifter l, Instruction i) {
        l.setCarry(CarryRule.VALUE, l.test(Condition.NOT_BELOW));
    }

    static void cld(Lifter l, Instruction i) {
        l.setRegister(Registers.DIRECTION, l.constant(W64, 1));
    }

    static void std(Lifter l, Instruction i) {
        l.setRegister(Registers.DIRECTION, l.constant(W64, -1));
    }

    /// In a class of its own because the table above needs them before this class is ready.
    private static final class Suffixes {
        private static final String[] ALL = {
            "O", "NO", "B", "NB", "Z", "NZ", "BE", "A", "S", "NS", "P", "NP", "L", "NL", "LE", "G"
        };

        static String of(int code) {
            return ALL[code];
        }
    }
}
