package org.xenolith.x86;

/// Far jumps, calls and returns, and software interrupts. Helpers set `pc`.
public final class FarControl {
    private FarControl() {}

    private static boolean isReal(Cpu cpu) {
        return !cpu.isProtected() || cpu.isVirtual8086();
    }

    /// JMP far.
    public static void jump(Cpu cpu, int selector, long offset, int bytes, long next) {
        if (isReal(cpu)) {
            Descriptors.loadReal(cpu, Segments.CS, selector);
            cpu.pc = offset;
            cpu.modeChanged();
            return;
        }
        transfer(cpu, selector, offset, bytes, next, false);
    }

    /// CALL far.
    public static void call(Cpu cpu, int selector, long offset, int bytes, long next) {
        if (isReal(cpu)) {
            pushReturn(cpu, cpu.selector(Segments.CS), next, bytes, -1);
            Descriptors.loadReal(cpu, Segments.CS, selector);
            cpu.pc = offset;
            cpu.modeChanged();
            return;
        }
        transfer(cpu, selector, offset, bytes, next, true);
    }

    /// `stackMask` cuts the stack pointer of a call out of 64-bit mode to what its target sees.
    private static void pushReturn(Cpu cpu, int selector, long next, int bytes, long stackMask) {
        long pointer = cpu.registers[Registers.RSP] & stackMask;
        long upper = Frames.stackAddress(cpu, pointer - bytes, bytes, true);
        long lower = Frames.stackAddress(cpu, pointer - 2L * bytes, bytes, true);
        cpu.probeWrite(upper, bytes);
        cpu.probeWrite(lower, bytes);
        cpu.store(bytes * 8, upper, selector);
        cpu.store(bytes * 8, lower, next & -1L >>> 64 - bytes * 8);
        Frames.setStackWide(cpu, Registers.RSP, pointer - 2L * bytes);
    }

    private static void transfer(
            Cpu cpu, int selector, long offset, int bytes, long next, boolean call) {
        if ((selector & 0xFFFC) == 0) {
            throw Trap.generalProtection(0);
        }
        long descriptor = Descriptors.read(cpu, selector, Trap.GENERAL_PROTECTION);
        int attributes = Descriptors.attributes(descriptor);
        if (Descriptors.isSystem(attributes)) {
            bySystemDescriptor(cpu, selector, descriptor, bytes, next, call);
            return;
        }
        checkCode(cpu, selector, descriptor, call);
        long target = checkTarget(cpu, descriptor, offset & -1L >>> 64 - bytes * 8);
        if (call) {
            long stackMask = (attributes & Segments.LONG) != 0 ? -1 : 0xFFFF_FFFFL;
            pushReturn(cpu, cpu.selector(Segments.CS), next, bytes, stackMask);
        }
        installCode(cpu, selector, descriptor, cpu.cpl());
        cpu.pc = target;
        cpu.modeChanged();
    }

    /// The rules for reaching a code segment directly (SDM vol. 3A, 5.8.1).
    private static void checkCode(Cpu cpu, int selector, long descriptor, boolean call) {
        int attributes = Descriptors.attributes(descriptor);
        int dpl = Segments.dpl(attributes);
        boolean allowed =
                Descriptors.isConforming(attributes)
                        ? dpl <= cpu.cpl()
                        : (selector & 3) <= cpu.cpl() && dpl == cpu.cpl();
        if (!Descriptors.isCode(attributes) || !allowed || isBadLong(cpu, attributes)) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, selector & 0xFFFC);
        }
    }

    /// L and D together are reserved in long mode.
    static boolean isBadLong(Cpu cpu, int attributes) {
        int both = Segments.LONG | Segments.BIG;
        return cpu.longActive() && (attributes & both) == both;
    }

    /// Where a transfer to `target` in a code segment goes: an offset outside 64-bit mode has 32
    /// bits. #GP(0) if no code can be there.
    static long checkTarget(Cpu cpu, long descriptor, long target) {
        int attributes = Descriptors.attributes(descriptor);
        boolean to64 = cpu.longActive() && (attributes & Segments.LONG) != 0;
        long offset = to64 ? target : target & 0xFFFF_FFFFL;
        boolean bad =
                to64
                        ? offset << 16 >> 16 != offset
                        : offset > (Descriptors.limit(descriptor) & 0xFFFF_FFFFL);
        if (bad) {
            throw Trap.generalProtection(0);
        }
        return offset;
    }

    static void installCode(Cpu cpu, int selector, long descriptor, int cpl) {
        long marked = Descriptors.accessed(cpu, selector, descriptor, Trap.GENERAL_PROTECTION);
        Descriptors.install(cpu, Segments.CS, selector & 0xFFFC | cpl, marked);
    }

    private static void bySystemDescriptor(
            Cpu cpu, int selector, long descriptor, int bytes, long next, boolean call) {
        int attributes = Descriptors.attributes(descriptor);
        int type = Descriptors.type(attributes);
        int dpl = Segments.dpl(attributes);
        boolean gate =
                type == Descriptors.CALL_GATE
                        || !cpu.longActive() && type == Descriptors.CALL_GATE_16;
        boolean task =
                !cpu.longActive()
                        && (type == Descriptors.TASK_GATE
                                || type == Descriptors.TSS_AVAILABLE
                                || type == Descriptors.TSS_16_AVAILABLE);
        if (!gate && !task || dpl < cpu.cpl() || dpl < (selector & 3)) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, selector & 0xFFFC);
        }
        if (gate) {
            CallGates.enter(cpu, selector, descriptor, next, call);
            return;
        }
        int target = type == Descriptors.TASK_GATE ? (int) (descriptor >>> 16) & 0xFFFF : selector;
        cpu.pc = next;
        TaskSwitch.byTransfer(cpu, target, call);
    }

    /// RET far.
    public static void farReturn(Cpu cpu, int bytes, int release) {
        long pointer = cpu.registers[Registers.RSP];
        int selector = stackedSelector(cpu, pointer, bytes, 1);
        long offset = stacked(cpu, pointer, bytes, 0);
        if (isReal(cpu)) {
            Descriptors.loadReal(cpu, Segments.CS, selector);
            Frames.setStackWide(cpu, Registers.RSP, pointer + 2L * bytes + release);
            cpu.pc = offset;
            cpu.modeChanged();
            return;
        }
        long descriptor = returnSegment(cpu, selector);
        long target = checkTarget(cpu, descriptor, offset);
        int rpl = selector & 3;
        if (rpl == cpu.cpl()) {
            Frames.setStackWide(cpu, Registers.RSP, pointer + 2L * bytes + release);
            installCode(cpu, selector, descriptor, rpl);
        } else {
            long at = pointer + release;
            long newPointer = stacked(cpu, at, bytes, 2);
            int newStack = stackedSelector(cpu, at, bytes, 3);
            boolean to64 =
                    cpu.longActive() && (Descriptors.attributes(descriptor) & Segments.LONG) != 0;
            outerStack(cpu, newStack, rpl, to64);
            installCode(cpu, selector, descriptor, rpl);
            cpu.modeChanged();
            Frames.setStackWide(cpu, Registers.RSP, newPointer + release);
            Descriptors.dropPrivilegedData(cpu);
        }
        cpu.pc = target;
        cpu.modeChanged();
    }

    /// Element `index` above a stack pointer.
    static long stacked(Cpu cpu, long pointer, int bytes, int index) {
        long at = pointer + (long) index * bytes;
        return cpu.load(bytes * 8, Frames.stackAddress(cpu, at, bytes, false));
    }

    /// The selector in element `index` above a stack pointer: its two bytes are all that is read.
    static int stackedSelector(Cpu cpu, long pointer, int bytes, int index) {
        long at = pointer + (long) index * bytes;
        return (int) cpu.load16(Frames.stackAddress(cpu, at, 2, false));
    }

    /// The code segment that a return goes to, checked (SDM vol. 2B, RET).
    static long returnSegment(Cpu cpu, int selector) {
        if ((selector & 0xFFFC) == 0) {
            throw Trap.generalProtection(0);
        }
        long descriptor = Descriptors.read(cpu, selector, Trap.GENERAL_PROTECTION);
        int attributes = Descriptors.attributes(descriptor);
        int rpl = selector & 3;
        int dpl = Segments.dpl(attributes);
        boolean allowed = Descriptors.isConforming(attributes) ? dpl <= rpl : dpl == rpl;
        if (!Descriptors.isCode(attributes)
                || rpl < cpu.cpl()
                || !allowed
                || isBadLong(cpu, attributes)) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, selector & 0xFFFC);
        }
        return descriptor;
    }

    /// Loads SS for a return to privilege `cpl`; a null one is for 64-bit code below ring 3.
    static void outerStack(Cpu cpu, int selector, int cpl, boolean to64) {
        if ((selector & 0xFFFC) == 0) {
            if (!to64 || cpl == 3 || (selector & 3) != cpl) {
                throw Trap.generalProtection(0);
            }
            Descriptors.installNullStack(cpu, selector, cpl);
            return;
        }
        long descriptor = Descriptors.read(cpu, selector, Trap.GENERAL_PROTECTION);
        Descriptors.checkStack(selector, descriptor, cpl, Trap.GENERAL_PROTECTION);
        long marked = Descriptors.accessed(cpu, selector, descriptor, Trap.GENERAL_PROTECTION);
        Descriptors.install(cpu, Segments.SS, selector, marked);
    }

    /// INT n and, with `breakpoint` set, INT3, which virtual-8086 mode does not redirect.
    public static void softwareInterrupt(Cpu cpu, int vector, int breakpoint, long next) {
        boolean sensitive = cpu.isVirtual8086() && (cpu.systemFlags() & Bits.IOPL) != Bits.IOPL;
        if (sensitive && breakpoint == 0) {
            throw Trap.generalProtection(0);
        }
        fromHere(cpu, vector, EventDelivery.SOFTWARE, next);
    }

    public static void into(Cpu cpu, long next) {
        if (cpu.test(0)) {
            fromHere(cpu, Trap.OVERFLOW, EventDelivery.SOFTWARE, next);
        } else {
            cpu.pc = next;
        }
    }

    public static void int1(Cpu cpu, long next) {
        fromHere(cpu, Trap.DEBUG, EventDelivery.EXCEPTION, next);
    }

    /// Delivers with `pc` behind the instruction; it is put back if the delivery faults.
    private static void fromHere(Cpu cpu, int vector, int kind, long next) {
        long pc = cpu.pc;
        cpu.pc = next;
        try {
            EventDelivery.deliver(cpu, vector, Trap.NO_ERROR_CODE, kind);
            cpu.interruptedItself = true;
        } catch (org.xenolith.ir.Abort abort) {
            cpu.pc = pc;
            throw abort;
        }
    }
}
