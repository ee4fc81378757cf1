package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Row.row;

import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

/// String instructions (SDM vol. 1, 5.1.8): MOVS, CMPS, STOS, LODS, SCAS. One element is ops like
/// any instruction's; with a repeat prefix it is a helper of [StringOperations], which ends the
/// block.
final class Strings {
    // spotless:off
    static final Table TABLE = Table.of(
        row("MOVSB", "A4", Strings::movsByte),
        row("MOVS",  "A5", Strings::movs),
        row("CMPSB", "A6", Strings::cmpsByte),
        row("CMPS",  "A7", Strings::cmps),
        row("STOSB", "AA", Strings::stosByte),
        row("STOS",  "AB", Strings::stos),
        row("LODSB", "AC", Strings::lodsByte),
        row("LODS",  "AD", Strings::lods),
        row("SCASB", "AE", Strings::scasByte),
        row("SCAS",  "AF", Strings::scas));
    // spotless:on

    private static final int REPNE = 0xF2;

    private static final Helper COPY = Helper.named(StringOperations.class, "copy");
    private static final Helper COMPARE = Helper.named(StringOperations.class, "compare");
    private static final Helper COPY_FLAT = Helper.named(StringOperations.class, "copyFlat");
    private static final Helper FILL_FLAT = Helper.named(StringOperations.class, "fillFlat");
    private static final Helper FILL = Helper.named(StringOperations.class, "fill");
    private static final Helper LOAD = Helper.named(StringOperations.class, "load");
    private static final Helper SCAN = Helper.named(StringOperations.class, "scan");

    private Strings() {}

    static void movsByte(Lifter l, Instruction i) {
        move(l, i, Width.W8);
    }

    static void movs(Lifter l, Instruction i) {
        move(l, i, i.operandSize());
    }

    static void cmpsByte(Lifter l, Instruction i) {
        compare(l, i, Width.W8);
    }

    static void cmps(Lifter l, Instruction i) {
        compare(l, i, i.operandSize());
    }

    static void stosByte(Lifter l, Instruction i) {
        store(l, i, Width.W8);
    }

    static void stos(Lifter l, Instruction i) {
        store(l, i, i.operandSize());
    }

    static void lodsByte(Lifter l, Instruction i) {
        load(l, i, Width.W8);
    }

    static void lods(Lifter l, Instruction i) {
        load(l, i, i.operandSize());
    }

    static void scasByte(Lifter l, Instruction i) {
        scan(l, i, Width.W8);
    }

    static void scas(Lifter l, Instruction i) {
        scan(l, i, i.operandSize());
    }

    private static void move(Lifter l, Instruction i, Width width) {
        if (i.repeat() != 0) {
            repeatedMove(l, i, width);
            again(l, i);
            return;
        }
        int value = l.load(width, source(l, i, width));
        l.store(target(l, i, width, true), value);
        advance(l, i, Registers.RSI, width);
        advance(l, i, Registers.RDI, width);
    }

    private static void compare(Lifter l, Instruction i, Width width) {
        if (i.repeat() != 0) {
            l.call(
                    COMPARE,
                    l.constant(W32, width.bits()),
                    l.constant(W32, i.addressSize().bits()),
                    l.constant(W32, i.dataSegment()),
                    whileEqual(l, i),
                    l.codeAddress(i.pc()),
                    l.codeAddress(l.next()));
            l.leave();
            return;
        }
        int right = l.load(width, target(l, i, width, false));
        int left = l.load(width, source(l, i, width));
        l.setFlags(FlagRule.SUB, left, right, l.sub(left, right));
        advance(l, i, Registers.RSI, width);
        advance(l, i, Registers.RDI, width);
    }

    private static void store(Lifter l, Instruction i, Width width) {
        if (i.repeat() != 0) {
            repeatedStore(l, i, width);
            again(l, i);
            return;
        }
        l.store(target(l, i, width, true), l.general(Registers.RAX, width));
        advance(l, i, Registers.RDI, width);
    }

    private static void load(Lifter l, Instruction i, Width width) {
        if (i.repeat() != 0) {
            l.call(
                    LOAD,
                    l.constant(W32, width.bits()),
                    l.constant(W32, i.addressSize().bits()),
                    l.constant(W32, i.dataSegment()),
                    l.codeAddress(i.pc()),
                    l.codeAddress(l.next()));
            l.leave();
            return;
        }
        int value = l.load(width, source(l, i, width));
        advance(l, i, Registers.RSI, width);
        l.setGeneral(Registers.RAX, value);
    }

    private static void scan(Lifter l, Instruction i, Width width) {
        if (i.repeat() != 0) {
            l.call(
                    SCAN,
                    l.constant(W32, width.bits()),
                    l.constant(W32, i.addressSize().bits()),
                    whileEqual(l, i),
                    l.codeAddress(i.pc()),
                    l.codeAddress(l.next()));
            l.leave();
            return;
        }
        int left = l.general(Registers.RAX, width);
        int right = l.load(width, target(l, i, width, false));
        l.setFlags(FlagRule.SUB, left, right, l.sub(left, right));
        advance(l, i, Registers.RDI, width);
    }

    private static void repeatedMove(Lifter l, Instruction i, Width width) {
        int bits = l.constant(W32, width.bits());
        if (hasFlatAddresses(i) && i.dataSegment() < Segments.FS) {
            l.call(COPY_FLAT, bits);
            return;
        }
        int addressBits = l.constant(W32, i.addressSize().bits());
        l.call(COPY, bits, addressBits, l.constant(W32, i.dataSegment()));
    }

    private static void repeatedStore(Lifter l, Instruction i, Width width) {
        int bits = l.constant(W32, width.bits());
        if (hasFlatAddresses(i)) {
            l.call(FILL_FLAT, bits);
            return;
        }
        l.call(FILL, bits, l.constant(W32, i.addressSize().bits()));
    }

    /// Whether there are no segments but FS and GS: addresses of 64 bits are those of 64-bit mode.
    private static boolean hasFlatAddresses(Instruction i) {
        return i.addressSize() == W64;
    }

    /// The instruction begins again while elements are left.
    private static void again(Lifter l, Instruction i) {
        var size = i.addressSize();
        int left = l.general(Registers.RCX, size);
        l.branch(l.notEqual(left, l.constant(size, 0)), i.pc(), l.next());
    }

    /// 1 for REPE, 0 for REPNE.
    private static int whileEqual(Lifter l, Instruction i) {
        return l.constant(W32, i.repeat() == REPNE ? 0 : 1);
    }

    private static int source(Lifter l, Instruction i, Width width) {
        int offset = l.general(Registers.RSI, i.addressSize());
        return l.linear(i.dataSegment(), offset, width.bytes(), false);
    }

    /// The destination is in ES whatever the prefixes say.
    private static int target(Lifter l, Instruction i, Width width, boolean write) {
        int offset = l.general(Registers.RDI, i.addressSize());
        return l.linear(Segments.ES, offset, width.bytes(), write);
    }

    /// Moves an index register on by one element in the direction of DF.
    private static void advance(Lifter l, Instruction i, int register, Width width) {
        var size = i.addressSize();
        int direction = l.register(Registers.DIRECTION);
        int shift = Integer.numberOfTrailingZeros(width.bytes());
        int step = l.shiftLeft(direction, l.constant(W64, shift));
        l.setGeneral(register, l.add(l.general(register, size), l.convert(step, size)));
    }
}
