package org.xenolith.x86;

import static org.xenolith.ir.Flags.AF;
import static org.xenolith.ir.Flags.CF;
import static org.xenolith.ir.Flags.OF;
import static org.xenolith.ir.Flags.PF;
import static org.xenolith.ir.Flags.SF;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

/// Single bits, bit scans, counts and CRC-32C (SDM vol. 1, 5.1.6 and 5.12.4).
final class BitOperations {
    private static final int ALL_BUT_CF = OF | SF | AF | PF;
    private static final int ALL_BUT_ZF = CF | OF | SF | AF | PF;

    // spotless:off
    static final Table TABLE = Table.of(
        row("BT",     "0F A3 /r", BitOperations::bt,  Ev, Gv).undefined(ALL_BUT_CF),
        row("BTS",    "0F AB /r", BitOperations::bts, Ev, Gv).undefined(ALL_BUT_CF).lockable(),
        row("BTR",    "0F B3 /r", BitOperations::btr, Ev, Gv).undefined(ALL_BUT_CF).lockable(),
        row("BTC",    "0F BB /r", BitOperations::btc, Ev, Gv).undefined(ALL_BUT_CF).lockable(),
        row("BT",     "0F BA /4", BitOperations::bt,  Ev, Ib).undefined(ALL_BUT_CF),
        row("BTS",    "0F BA /5", BitOperations::bts, Ev, Ib).undefined(ALL_BUT_CF).lockable(),
        row("BTR",    "0F BA /6", BitOperations::btr, Ev, Ib).undefined(ALL_BUT_CF).lockable(),
        row("BTC",    "0F BA /7", BitOperations::btc, Ev, Ib).undefined(ALL_BUT_CF).lockable(),
        row("BSF",    "0F BC /r", BitOperations::bsf, Gv, Ev).undefined(ALL_BUT_ZF),
        row("BSR",    "0F BD /r", BitOperations::bsr, Gv, Ev).undefined(ALL_BUT_ZF),
        row("POPCNT", "F3 0F B8 /r", BitOperations::popcnt, Gv, Ev),
        row("CRC32",  "F2 0F 38 F0 /r", BitOperations::crc32, Gy, Eb),
        row("CRC32",  "F2 0F 38 F1 /r", BitOperations::crc32, Gy, Ev));
    // spotless:on

    private static final Helper CRC32C = Helper.named(Crc32c.class, "update");

    private BitOperations() {}

    private enum Change {
        NONE,
        SET,
        RESET,
        COMPLEMENT
    }

    static void bt(Lifter l, Instruction i) {
        bit(l, i, Change.NONE);
    }

    static void bts(Lifter l, Instruction i) {
        bit(l, i, Change.SET);
    }

    static void btr(Lifter l, Instruction i) {
        bit(l, i, Change.RESET);
    }

    static void btc(Lifter l, Instruction i) {
        bit(l, i, Change.COMPLEMENT);
    }

    private static void bit(Lifter l, Instruction i, Change change) {
        var width = i.operandSize();
        int index = l.convert(l.read(i.second()), width);
        int within = l.and(index, l.constant(width, width.bits() - 1));
        if (i.first() instanceof Operand.Memory m && i.second() instanceof Operand.Register) {
            bitInMemory(l, i, m, index, within, change);
            return;
        }
        int value = l.read(i.first());
        if (change != Change.NONE) {
            l.write(i.first(), changed(l, change, value, within));
        }
        carry(l, value, within);
    }

    /// The bit offset is signed and reaches beyond the operand.
    private static void bitInMemory(
            Lifter l, Instruction i, Operand.Memory m, int index, int within, Change change) {
        var width = i.operandSize();
        var size = m.addressSize();
        int shift = Integer.numberOfTrailingZeros(width.bits());
        int element = l.shiftRightSigned(index, l.constant(width, shift));
        int distance = l.multiply(l.convertSigned(element, size), l.constant(size, width.bytes()));
        int offset = l.add(l.offset(m), distance);
        boolean write = change != Change.NONE;
        int address = l.linear(m.segment(), offset, width.bytes(), write);
        int value = l.load(width, address);
        if (write) {
            int after = changed(l, change, value, within);
            if (i.lock()) {
                l.storeConditional(address, value, after);
            } else {
                l.store(address, after);
            }
        }
        carry(l, value, within);
    }

    private static int changed(Lifter l, Change change, int value, int within) {
        int bit = l.shiftLeft(l.constant(l.width(value), 1), within);
        return switch (change) {
            case NONE -> value;
            case SET -> l.or(value, bit);
            case RESET -> l.and(value, l.not(bit));
            case COMPLEMENT -> l.xor(value, bit);
        };
    }

    private static void carry(Lifter l, int value, int within) {
        int bit = l.and(l.shiftRight(value, within), l.constant(l.width(value), 1));
        l.setCarry(CarryRule.VALUE, bit);
    }

    static void bsf(Lifter l, Instruction i) {
        int source = l.read(i.second());
        scan(l, i, source, l.trailingZeros(source));
    }

    static void bsr(Lifter l, Instruction i) {
        int source = l.read(i.second());
        var width = l.width(source);
        int highest = l.sub(l.constant(width, width.bits() - 1), l.leadingZeros(source));
        scan(l, i, source, highest);
    }

    /// The destination stays as it was, all 64 bits of it, where the source is zero.
    private static void scan(Lifter l, Instruction i, int source, int found) {
        int number = ((Operand.Register) i.first()).number();
        int old = l.register(number);
        int zero = l.equal(source, l.constant(l.width(source), 0));
        int wide = l.convert(found, W64);
        if (l.width(found) == Width.W16) {
            wide = l.or(l.and(old, l.constant(W64, ~0xFFFFL)), wide);
        }
        l.setRegister(number, l.select(zero, old, wide));
        l.setZeroFlag(zero);
    }

    static void popcnt(Lifter l, Instruction i) {
        int source = l.read(i.second());
        int count = l.countOnes(source);
        l.write(i.first(), count);
        int zero = l.equal(source, l.constant(l.width(source), 0));
        l.writeFlags(l.shiftLeft(l.convert(zero, W64), l.constant(W64, 6)));
    }

    static void crc32(Lifter l, Instruction i) {
        int source = l.read(i.second());
        int crc = l.convert(l.read(i.first()), W32);
        int bits = l.constant(W32, l.width(source).bits());
        int after = l.call(CRC32C, bits, crc, source);
        l.write(i.first(), l.convert(after, l.width(i.first())));
    }
}
