package org.xenolith.x86;

/// Delivery of interrupts and exceptions through the IVT, the IDT and its gates (SDM vol. 3A,
/// chapter 7). `pc` is what is pushed: of a fault the instruction itself, of a trap or interrupt
/// the next one. Throws [Trap] if the delivery itself faults; nothing has then changed.
public final class EventDelivery {
    /// An external interrupt or NMI.
    public static final int EXTERNAL = 0;

    /// An exception of the processor's.
    public static final int EXCEPTION = 1;

    /// INT n, INT3, INTO: gate privilege is checked.
    public static final int SOFTWARE = 2;

    private EventDelivery() {}

    /// Delivers `vector`; `errorCode` is [Trap#NO_ERROR_CODE] or is pushed.
    public static void deliver(Cpu cpu, int vector, int errorCode, int kind) {
        if (!cpu.isProtected()) {
            deliverReal(cpu, vector);
        } else if (cpu.longActive()) {
            deliverLong(cpu, vector, errorCode, kind);
        } else {
            deliverProtected(cpu, vector, errorCode, kind);
        }
    }

    /// The error code of a fault on the way (SDM vol. 3A, 7.13): IDT bit and EXT bit.
    private static int selectorError(int vector, int kind) {
        return vector * 8 + 2 + external(kind);
    }

    private static int external(int kind) {
        return kind == SOFTWARE ? 0 : 1;
    }

    /// RFLAGS as pushed: RF is set for faults, so that an instruction breakpoint does not hit
    /// twice.
    private static long pushedFlags(Cpu cpu, int vector, int kind) {
        long flags = cpu.rflags();
        boolean fault = kind == EXCEPTION && vector != Trap.DEBUG;
        return fault ? flags | Bits.RF : flags;
    }

    // ---------------------------------------------------------------- real mode

    private static void deliverReal(Cpu cpu, int vector) {
        if (vector * 4 + 3 > (cpu.idtLimit & 0xFFFF)) {
            throw Trap.generalProtection(selectorError(vector, EXCEPTION));
        }
        long entry = cpu.loadSystem(32, cpu.idtBase + vector * 4L);
        long sp = cpu.registers[Registers.RSP];
        push16(cpu, sp - 2, cpu.rflags());
        push16(cpu, sp - 4, cpu.selector(Segments.CS));
        push16(cpu, sp - 6, cpu.pc);
        cpu.registers[Registers.RSP] = sp & ~0xFFFFL | sp - 6 & 0xFFFF;
        clearFlags(cpu, Bits.IF | Bits.TF | Bits.AC | Bits.RF);
        int selector = (int) (entry >>> 16) & 0xFFFF;
        Descriptors.loadReal(cpu, Segments.CS, selector);
        cpu.pc = entry & 0xFFFF;
        cpu.modeChanged();
    }

    private static void push16(Cpu cpu, long at, long value) {
        cpu.storeSystem(16, cpu.base(Segments.SS) + (at & 0xFFFF) & 0xFFFF_FFFFL, value & 0xFFFF);
    }

    private static void clearFlags(Cpu cpu, int bits) {
        cpu.setSystemFlags(cpu.systemFlags() & ~bits);
    }

    // ---------------------------------------------------------------- 64-bit

    private static void deliverLong(Cpu cpu, int vector, int errorCode, int kind) {
        int error = selectorError(vector, kind);
        if (vector * 16 + 15 > (cpu.idtLimit & 0xFFFF)) {
            throw Trap.generalProtection(error);
        }
        long low = cpu.loadSystem(64, cpu.idtBase + vector * 16L);
        long high = cpu.loadSystem(64, cpu.idtBase + vector * 16L + 8);
        int attributes = Descriptors.attributes(low) & 0xFF;
        int type = Descriptors.type(attributes);
        if ((attributes & Segments.NON_SYSTEM) != 0
                || type != Descriptors.INTERRUPT_GATE && type != Descriptors.TRAP_GATE) {
            throw Trap.generalProtection(error);
        }
        if (kind == SOFTWARE && Segments.dpl(attributes) < cpu.cpl()) {
            throw Trap.generalProtection(error);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, error);
        }
        int selector = (int) (low >>> 16) & 0xFFFF;
        long target = low & 0xFFFF | low >>> 32 & 0xFFFF_0000L | high << 32;
        long descriptor = handlerSegment(cpu, selector, kind);
        if ((Descriptors.attributes(descriptor) & (Segments.LONG | Segments.BIG))
                != Segments.LONG) {
            throw Trap.generalProtection(selector & 0xFFFC | external(kind));
        }
        int newCpl = handlerCpl(cpu, descriptor);
        int ist = (int) (low >>> 32) & 7;
        long stack = longStack(cpu, newCpl, ist, kind) & -16L;
        pushFrame(cpu, stack, vector, errorCode, kind);
        boolean inner = newCpl != cpu.cpl();
        cpu.registers[Registers.RSP] = stack - (errorCode >= 0 ? 48 : 40);
        if (inner) {
            Descriptors.installNullStack(cpu, newCpl, newCpl);
        }
        enterHandler(cpu, selector, descriptor, newCpl, type);
        cpu.pc = target;
        cpu.modeChanged();
    }

    private static long longStack(Cpu cpu, int newCpl, int ist, int kind) {
        if (ist == 0 && newCpl == cpu.cpl()) {
            return cpu.registers[Registers.RSP];
        }
        int offset = ist != 0 ? 36 + 8 * (ist - 1) : 4 + 8 * newCpl;
        long limit = cpu.limits[Segments.TR] & 0xFFFF_FFFFL;
        if (offset + 7 > limit) {
            int selector = cpu.selector(Segments.TR) & 0xFFFC;
            throw Trap.of(Trap.INVALID_TSS, selector | external(kind));
        }
        long stack = cpu.loadSystem(64, cpu.base(Segments.TR) + offset);
        return stack;
    }

    private static boolean isCanonical(long linear) {
        return linear << 16 >> 16 == linear;
    }

    /// SS, RSP, RFLAGS, CS, RIP and the error code. Written from the top; the lowest part is
    /// checked first so that a fault finds nothing changed that matters.
    private static void pushFrame(Cpu cpu, long stack, int vector, int errorCode, int kind) {
        long bottom = stack - (errorCode >= 0 ? 48 : 40);
        if (!isCanonical(bottom) || !isCanonical(stack - 1)) {
            throw Trap.of(Trap.STACK_FAULT, external(kind));
        }
        if (errorCode >= 0) {
            cpu.storeSystem(64, bottom, errorCode);
        }
        long frame = stack - 40;
        cpu.storeSystem(64, frame, cpu.pc);
        cpu.storeSystem(64, frame + 8, cpu.selector(Segments.CS));
        cpu.storeSystem(64, frame + 16, pushedFlags(cpu, vector, kind));
        cpu.storeSystem(64, frame + 24, cpu.registers[Registers.RSP]);
        cpu.storeSystem(64, frame + 32, cpu.selector(Segments.SS));
    }

    /// The descriptor of a gate's code segment, checked.
    private static long handlerSegment(Cpu cpu, int selector, int kind) {
        int external = external(kind);
        if ((selector & 0xFFFC) == 0) {
            throw Trap.generalProtection(external);
        }
        long descriptor;
        try {
            descriptor = Descriptors.read(cpu, selector, Trap.GENERAL_PROTECTION);
        } catch (Trap trap) {
            if (trap.vector() == Trap.GENERAL_PROTECTION && !trap.isNonCanonical()) {
                throw Trap.generalProtection(trap.errorCode() | external);
            }
            throw trap;
        }
        int attributes = Descriptors.attributes(descriptor);
        if (!Descriptors.isCode(attributes) || Segments.dpl(attributes) > cpu.cpl()) {
            throw Trap.generalProtection(selector & 0xFFFC | external);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, selector & 0xFFFC | external);
        }
        return descriptor;
    }

    private static int handlerCpl(Cpu cpu, long descriptor) {
        int attributes = Descriptors.attributes(descriptor);
        return Descriptors.isConforming(attributes) ? cpu.cpl() : Segments.dpl(attributes);
    }

    private static void enterHandler(Cpu cpu, int selector, long descriptor, int newCpl, int type) {
        long marked = Descriptors.accessed(cpu, selector, descriptor, Trap.GENERAL_PROTECTION);
        Descriptors.install(cpu, Segments.CS, selector & 0xFFFC | newCpl, marked);
        clearFlags(cpu, Bits.TF | Bits.VM | Bits.RF | Bits.NT);
        if (type == Descriptors.INTERRUPT_GATE || type == Descriptors.INTERRUPT_GATE_16) {
            clearFlags(cpu, Bits.IF);
        }
    }

    // ---------------------------------------------------------------- 32-bit

    private static void deliverProtected(Cpu cpu, int vector, int errorCode, int kind) {
        int error = selectorError(vector, kind);
        if (vector * 8 + 7 > (cpu.idtLimit & 0xFFFF)) {
            throw Trap.generalProtection(error);
        }
        long gate = cpu.loadSystem(64, cpu.idtBase + vector * 8L);
        int attributes = Descriptors.attributes(gate) & 0xFF;
        int type = Descriptors.type(attributes);
        boolean known =
                (attributes & Segments.NON_SYSTEM) == 0
                        && (type == Descriptors.TASK_GATE
                                || type == Descriptors.INTERRUPT_GATE_16
                                || type == Descriptors.TRAP_GATE_16
                                || type == Descriptors.INTERRUPT_GATE
                                || type == Descriptors.TRAP_GATE);
        if (!known || kind == SOFTWARE && Segments.dpl(attributes) < cpu.cpl()) {
            throw Trap.generalProtection(error);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, error);
        }
        int selector = (int) (gate >>> 16) & 0xFFFF;
        if (type == Descriptors.TASK_GATE) {
            TaskSwitch.byInterrupt(cpu, selector, errorCode, external(kind));
            return;
        }
        boolean wide = type >= Descriptors.TSS_AVAILABLE;
        long target = gate & 0xFFFF | (wide ? gate >>> 32 & 0xFFFF_0000L : 0);
        long descriptor = handlerSegment(cpu, selector, kind);
        int newCpl = handlerCpl(cpu, descriptor);
        if (cpu.isVirtual8086() && newCpl != 0) {
            throw Trap.generalProtection(selector & 0xFFFC | external(kind));
        }
        if (Long.compareUnsigned(target, Descriptors.limit(descriptor) & 0xFFFF_FFFFL) > 0) {
            throw Trap.generalProtection(external(kind));
        }
        int bytes = wide ? 4 : 2;
        long flags = pushedFlags(cpu, vector, kind);
        if (newCpl == cpu.cpl()) {
            toSame(cpu, bytes, flags, errorCode, external(kind));
        } else {
            toInner(cpu, newCpl, bytes, flags, errorCode, external(kind));
        }
        enterHandler(cpu, selector, descriptor, newCpl, type);
        cpu.pc = target;
        cpu.modeChanged();
    }

    private static void toSame(Cpu cpu, int bytes, long flags, int errorCode, int external) {
        long pointer = cpu.registers[Registers.RSP];
        long[] values = {flags, cpu.selector(Segments.CS), cpu.pc, errorCode};
        int count = errorCode >= 0 ? 4 : 3;
        for (int index = 0; index < count; index++) {
            pointer -= bytes;
            long address = stackAddress(cpu, pointer, bytes, external);
            cpu.storeSystem(bytes * 8, address, values[index] & -1L >>> 64 - bytes * 8);
        }
        Frames.setStackWide(cpu, Registers.RSP, pointer);
    }

    private static long stackAddress(Cpu cpu, long pointer, int bytes, int external) {
        try {
            return Frames.stackAddress(cpu, pointer, bytes, true);
        } catch (Trap trap) {
            throw Trap.of(Trap.STACK_FAULT, external);
        }
    }

    private static void toInner(
            Cpu cpu, int newCpl, int bytes, long flags, int errorCode, int external) {
        long[] inner = InnerStack.find(cpu, newCpl, external);
        int selector = (int) inner[0];
        long pointer = inner[1];
        long descriptor = inner[2];
        boolean virtual = cpu.isVirtual8086();
        int[] data = {
            cpu.selector(Segments.GS),
            cpu.selector(Segments.FS),
            cpu.selector(Segments.DS),
            cpu.selector(Segments.ES)
        };
        var stack = new InnerStack(cpu, selector, descriptor, pointer, bytes, external);
        if (virtual) {
            for (int value : data) {
                stack.push(value);
            }
        }
        stack.push(cpu.selector(Segments.SS));
        stack.push(cpu.registers[Registers.RSP]);
        stack.push(flags);
        stack.push(cpu.selector(Segments.CS));
        stack.push(cpu.pc);
        if (errorCode >= 0) {
            stack.push(errorCode);
        }
        cpu.setSystemFlags(cpu.systemFlags() & ~Bits.VM);
        stack.install();
        if (virtual) {
            for (int segment : new int[] {Segments.GS, Segments.FS, Segments.DS, Segments.ES}) {
                cpu.setSegment(segment, 0, 0, 0, Segments.UNUSABLE);
            }
        }
    }
}
