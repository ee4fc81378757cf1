package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

/// Input and output through ports (SDM vol. 1, 5.1.9 and chapter 19). Every instruction ends its
/// block, for it may leave the engine and be executed again with the answer.
final class PortIo {
    // spotless:off
    static final Table TABLE = Table.of(
        row("IN",   "E4", PortIo::in, AL, Ib).endsBlock(),
        row("IN",   "E5", PortIo::in, zAX, Ib).endsBlock(),
        row("IN",   "EC", PortIo::in, AL, DX).endsBlock(),
        row("IN",   "ED", PortIo::in, zAX, DX).endsBlock(),
        row("OUT",  "E6", PortIo::out, Ib, AL).endsBlock(),
        row("OUT",  "E7", PortIo::out, Ib, zAX).endsBlock(),
        row("OUT",  "EE", PortIo::out, DX, AL).endsBlock(),
        row("OUT",  "EF", PortIo::out, DX, zAX).endsBlock(),
        row("INSB", "6C", PortIo::insByte).endsBlock(),
        row("INS",  "6D", PortIo::ins).endsBlock(),
        row("OUTSB", "6E", PortIo::outsByte).endsBlock(),
        row("OUTS", "6F", PortIo::outs).endsBlock());
    // spotless:on

    private static final Helper IN = Helper.named(PortOperations.class, "in");
    private static final Helper OUT = Helper.named(PortOperations.class, "out");
    private static final Helper IN_STRING = Helper.named(PortOperations.class, "inString");
    private static final Helper OUT_STRING = Helper.named(PortOperations.class, "outString");

    private PortIo() {}

    static void in(Lifter l, Instruction i) {
        var width = l.width(i.first());
        int port = l.convert(l.read(i.second()), W32);
        int value = l.call(IN, port, l.constant(W32, width.bytes()));
        l.write(i.first(), l.convert(value, width));
    }

    static void out(Lifter l, Instruction i) {
        int port = l.convert(l.read(i.first()), W32);
        int value = l.read(i.second());
        int bytes = l.constant(W32, l.width(value).bytes());
        l.call(OUT, port, bytes, l.convert(value, W64));
    }

    static void insByte(Lifter l, Instruction i) {
        inString(l, i, Width.W8);
    }

    static void ins(Lifter l, Instruction i) {
        inString(l, i, wide(i));
    }

    static void outsByte(Lifter l, Instruction i) {
        outString(l, i, Width.W8);
    }

    static void outs(Lifter l, Instruction i) {
        outString(l, i, wide(i));
    }

    /// No port is 64 bits wide.
    private static Width wide(Instruction i) {
        return i.operandSize() == Width.W16 ? Width.W16 : W32;
    }

    private static void inString(Lifter l, Instruction i, Width width) {
        l.call(
                IN_STRING,
                l.constant(W32, width.bits()),
                l.constant(W32, i.addressSize().bits()),
                l.constant(W32, i.repeat() != 0 ? 1 : 0),
                l.codeAddress(i.pc()),
                l.codeAddress(l.next()));
        l.leave();
    }

    private static void outString(Lifter l, Instruction i, Width width) {
        l.call(
                OUT_STRING,
                l.constant(W32, width.bits()),
                l.constant(W32, i.addressSize().bits()),
                l.constant(W32, i.dataSegment()),
                l.constant(W32, i.repeat() != 0 ? 1 : 0),
                l.codeAddress(i.pc()),
                l.codeAddress(l.next()));
        l.leave();
    }
}
