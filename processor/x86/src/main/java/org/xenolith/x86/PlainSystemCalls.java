package org.xenolith.x86;

import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.SystemInstructions.and;

import org.xenolith.ir.Helper;

/// SYSCALL and SYSRET in modes with [Mode#plainSystemCalls].
final class PlainSystemCalls {
    private static final Helper ENTER_KERNEL = Helper.named(SystemCalls.class, "enterKernel");
    private static final Helper LEAVE_KERNEL = Helper.named(SystemCalls.class, "leaveKernel");
    private static final Helper CHECK_CANONICAL = Helper.named(Alignment.class, "requireCanonical");

    private PlainSystemCalls() {}

    private static void setSelector(Lifter l, int segment, int value) {
        l.setRegister(Registers.SELECTOR + segment, and(l, value, 0xFFFF));
    }

    /// SYSCALL from CPL 3.
    static void call(Lifter l, Instruction i) {
        int flags = WholeFlags.read(l, Bits.RF);
        int mask = l.register(Registers.FMASK);
        int system = l.register(Registers.SYSTEM_FLAGS);
        int kept = l.and(system, l.xor(mask, l.constant(W64, -1)));
        int star = l.shiftRight(l.register(Registers.STAR), l.constant(W64, 32));
        int selector = and(l, star, 0xFFFC);
        l.call(ENTER_KERNEL, l.constant(W64, 0), kept);
        l.setRegister(Registers.RCX, l.codeAddress(l.next()));
        l.setRegister(Registers.R11, flags);
        l.setRegister(Registers.SYSTEM_FLAGS, kept);
        l.setRegister(Registers.DIRECTION, l.constant(W64, 1));
        l.setRegister(Registers.STALE_SEGMENTS, l.constant(W64, 1));
        setSelector(l, Segments.CS, selector);
        setSelector(l, Segments.SS, l.add(selector, l.constant(W64, 8)));
        l.writeFlags(l.constant(W64, 0));
        l.jumpTo(l.register(Registers.LSTAR));
    }

    /// SYSRET to 64-bit code. Where TF or AC come with it, or an event waits that IF lets in, more
    /// has to be done.
    static void ret(Lifter l, Instruction i) {
        int target = l.register(Registers.RCX);
        int flags = and(l, l.register(Registers.R11), SystemCalls.RETURNED);
        int system = and(l, flags, Cpu.SYSTEM_FLAGS);
        int special = l.or(and(l, flags, Bits.TF | Bits.AC), l.register(Registers.EVENTS));
        int selector = l.shiftRight(l.register(Registers.STAR), l.constant(W64, 48));
        l.call(CHECK_CANONICAL, target);
        l.call(LEAVE_KERNEL, special, system);
        l.setRegister(Registers.SYSTEM_FLAGS, system);
        l.setRegister(Registers.DIRECTION, WholeFlags.direction(l, flags));
        l.setRegister(Registers.STALE_SEGMENTS, l.constant(W64, 1));
        setSelector(l, Segments.CS, l.or(l.add(selector, l.constant(W64, 16)), l.constant(W64, 3)));
        setSelector(l, Segments.SS, l.or(l.add(selector, l.constant(W64, 8)), l.constant(W64, 3)));
        l.writeFlags(flags);
        l.jumpTo(target);
    }
}
