package org.xenolith.x86;

/// Hardware task switches (SDM vol. 3A, chapter 8). There are none in long mode.
///
/// Up to the commit point a fault belongs to the old task, of which nothing has changed but what
/// its own TSS holds. Behind it, a fault belongs to the new task, whose registers are then loaded.
final class TaskSwitch {
    /// What causes a switch decides about the busy bits, NT and the back link (SDM vol. 3A, table
    /// 8-2).
    private enum Cause {
        JUMP,
        NEST,
        RETURN
    }

    /// TSS descriptor: the busy bit, in its fifth byte.
    private static final int BUSY = 2;

    /// DR7.L0 to L3 and LE.
    private static final long LOCAL_BREAKPOINTS = 0x155;

    /// DR6.BT.
    private static final int TASK_TRAP = 1 << 15;

    private static final int RFLAGS_DEFINED = 0x3F_FFFF;

    private final Cpu cpu;
    private final Cause cause;
    private final int selector;
    private final int external;

    private TaskSwitch(Cpu cpu, Cause cause, int selector, int external) {
        this.cpu = cpu;
        this.cause = cause;
        this.selector = selector;
        this.external = external;
    }

    /// JMP or CALL to a TSS or task gate; `selector` is the TSS's and `pc` where the old task goes
    /// on. Sets `pc`.
    static void byTransfer(Cpu cpu, int selector, boolean call) {
        new TaskSwitch(cpu, call ? Cause.NEST : Cause.JUMP, selector, 0)
                .perform(cpu.rflags(), Trap.NO_ERROR_CODE);
    }

    /// A task gate in the IDT. `external` is 0 for a software interrupt, else 1. An `errorCode` of
    /// 0 or more is pushed on the new task's stack.
    static void byInterrupt(Cpu cpu, int selector, int errorCode, int external) {
        // All exceptions with an error code are faults, which save RF.
        long flags = errorCode >= 0 ? cpu.rflags() | Bits.RF : cpu.rflags();
        new TaskSwitch(cpu, Cause.NEST, selector, external).perform(flags, errorCode);
    }

    /// IRET with NT: back to the task that the TSS links to.
    static void back(Cpu cpu) {
        int selector = (int) cpu.loadSystem(16, cpu.base(Segments.TR)) & 0xFFFF;
        long flags = cpu.rflags() & ~(long) Bits.NT;
        new TaskSwitch(cpu, Cause.RETURN, selector, 0).perform(flags, Trap.NO_ERROR_CODE);
    }

    private void perform(long oldFlags, int errorCode) {
        Image state;
        try {
            state = leaveOldTask(oldFlags);
        } catch (Trap trap) {
            throw withExternal(trap);
        }
        enterNewTask(state);
        try {
            loadSegments(state);
            if (errorCode >= 0) {
                pushError(errorCode, state.wide() ? 4 : 2);
            }
        } catch (Trap trap) {
            cpu.modeChanged();
            faultInNewTask(withExternal(trap));
            return;
        }
        if (state.trap()) {
            cpu.pendingDebug |= TASK_TRAP;
        }
    }

    /// Error codes that are selectors tell whether an event from outside the program is at fault.
    private Trap withExternal(Trap trap) {
        boolean bySelector =
                trap.vector() >= Trap.INVALID_TSS
                        && trap.vector() <= Trap.GENERAL_PROTECTION
                        && !trap.isNonCanonical();
        return bySelector && external != 0
                ? Trap.of(trap.vector(), trap.errorCode() | external)
                : trap;
    }

    /// Of an event, a fault in the new task is one during its delivery. Of an instruction, it is
    /// delivered here, because whoever executes the instruction would take it for a fault of the
    /// old task's.
    private void faultInNewTask(Trap trap) {
        if (external != 0) {
            throw trap;
        }
        if (trap.vector() == Trap.PAGE_FAULT) {
            cpu.cr2 = trap.address();
        }
        try {
            EventDelivery.deliver(cpu, trap.vector(), trap.errorCode(), EventDelivery.EXCEPTION);
        } catch (Trap second) {
            throw Trap.of(Trap.DOUBLE_FAULT, 0);
        }
    }

    // ---------------------------------------------------------------- the old task

    /// Checks, reads the new TSS, and writes all there is to write. Returns what the new TSS holds.
    private Image leaveOldTask(long oldFlags) {
        long descriptor = newDescriptor();
        var state = Image.read(cpu, selector, descriptor);
        int old = cpu.selector(Segments.TR);
        long oldDescriptorAt = Descriptors.address(cpu, old, Trap.INVALID_TSS, 8);
        long newDescriptorAt = Descriptors.address(cpu, selector, Trap.INVALID_TSS, 8);
        save(oldFlags);
        if (cause == Cause.NEST) {
            cpu.storeSystem(16, Descriptors.base(descriptor), old);
        } else {
            long access = cpu.loadSystem(8, oldDescriptorAt + 5);
            cpu.storeSystem(8, oldDescriptorAt + 5, access & ~BUSY);
        }
        if (cause != Cause.RETURN) {
            long access = cpu.loadSystem(8, newDescriptorAt + 5);
            cpu.storeSystem(8, newDescriptorAt + 5, access | BUSY);
        }
        return state;
    }

    /// The descriptor of the new TSS, checked (SDM vol. 3A, table 8-1).
    private long newDescriptor() {
        int vector = cause == Cause.RETURN ? Trap.INVALID_TSS : Trap.GENERAL_PROTECTION;
        int error = selector & 0xFFFC;
        if (error == 0 || (selector & 4) != 0) {
            throw Trap.of(vector, error);
        }
        long descriptor = Descriptors.read(cpu, selector, vector);
        int attributes = Descriptors.attributes(descriptor);
        int type = Descriptors.type(attributes);
        boolean available =
                type == Descriptors.TSS_AVAILABLE || type == Descriptors.TSS_16_AVAILABLE;
        boolean busy = type == Descriptors.TSS_BUSY || type == Descriptors.TSS_16_BUSY;
        boolean right = cause == Cause.RETURN ? busy : available;
        if (!Descriptors.isSystem(attributes) || !right) {
            throw Trap.of(vector, error);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, error);
        }
        long limit = Descriptors.limit(descriptor) & 0xFFFF_FFFFL;
        if (limit < Image.lastByte(isWide(attributes))) {
            throw Trap.of(Trap.INVALID_TSS, error);
        }
        return descriptor;
    }

    private static boolean isWide(int attributes) {
        return (attributes & 8) != 0;
    }

    private void save(long flags) {
        boolean wide = isWide(cpu.attributes[Segments.TR]);
        long limit = cpu.limits[Segments.TR] & 0xFFFF_FFFFL;
        if (limit < Image.lastByte(wide)) {
            throw Trap.of(Trap.INVALID_TSS, cpu.selector(Segments.TR) & 0xFFFC);
        }
        long base = cpu.base(Segments.TR);
        int bits = wide ? 32 : 16;
        int bytes = bits >>> 3;
        long at = base + (wide ? Image.PC : Image.PC_16);
        long mask = StringOperations.mask(bits);
        cpu.storeSystem(bits, at, cpu.pc & mask);
        cpu.storeSystem(bits, at + bytes, flags & mask);
        at += 2L * bytes;
        for (int register = 0; register < 8; register++) {
            cpu.storeSystem(bits, at, cpu.registers[register] & mask);
            at += bytes;
        }
        for (int segment = Segments.ES; segment <= lastSegment(wide); segment++) {
            cpu.storeSystem(16, at, cpu.selector(segment));
            at += bytes;
        }
    }

    /// A 16-bit TSS knows no FS and GS.
    private static int lastSegment(boolean wide) {
        return wide ? Segments.GS : Segments.DS;
    }

    // ---------------------------------------------------------------- the new task

    /// The commit point and all that cannot fault: every register, segments with their selectors
    /// only.
    private void enterNewTask(Image state) {
        long descriptor = state.descriptor() | (long) BUSY << 40;
        Descriptors.install(cpu, Segments.TR, selector, descriptor);
        cpu.cr0 |= Bits.CR0_TS;
        cpu.dr[7] &= ~LOCAL_BREAKPOINTS;
        if (state.wide() && (cpu.cr0 & Bits.CR0_PG) != 0) {
            cpu.cr3 = state.cr3();
            cpu.flushTlb(false);
        }
        long flags = state.flags() & RFLAGS_DEFINED;
        cpu.setRflags(cause == Cause.NEST ? flags | Bits.NT : flags);
        System.arraycopy(state.general(), 0, cpu.registers, 0, 8);
        cpu.pc = state.pc();
        for (int segment = Segments.ES; segment <= Segments.GS; segment++) {
            cpu.setSegment(segment, state.selectors()[segment], 0, 0, Segments.UNUSABLE);
        }
        cpu.setSegment(Segments.LDTR, state.localTable(), 0, 0, Segments.UNUSABLE);
        // The privilege is in force before CS and SS have been loaded.
        Descriptors.installNullStack(cpu, state.selectors()[Segments.SS], state.cpl());
        cpu.modeChanged();
    }

    /// The checks of SDM vol. 3A, table 8-1, behind the commit point.
    private void loadSegments(Image state) {
        loadLocalTable(state.localTable());
        if (cpu.isVirtual8086()) {
            for (int segment = Segments.ES; segment <= Segments.GS; segment++) {
                Descriptors.loadReal(cpu, segment, state.selectors()[segment]);
            }
        } else {
            loadCode(state.selectors()[Segments.CS]);
            loadStack(state.selectors()[Segments.SS], state.cpl());
            int[] data = {Segments.ES, Segments.DS, Segments.FS, Segments.GS};
            for (int segment : data) {
                loadData(segment, state.selectors()[segment], state.cpl());
            }
        }
        cpu.modeChanged();
    }

    private void loadLocalTable(int table) {
        if ((table & 0xFFFC) == 0) {
            return;
        }
        if ((table & 4) != 0) {
            throw invalid(table);
        }
        long descriptor = Descriptors.read(cpu, table, Trap.INVALID_TSS);
        int attributes = Descriptors.attributes(descriptor);
        boolean right =
                Descriptors.isSystem(attributes)
                        && Descriptors.type(attributes) == Descriptors.LDT
                        && Descriptors.isPresent(attributes);
        if (!right) {
            throw invalid(table);
        }
        Descriptors.install(cpu, Segments.LDTR, table, descriptor);
    }

    private void loadCode(int code) {
        if ((code & 0xFFFC) == 0) {
            throw invalid(code);
        }
        long descriptor = Descriptors.read(cpu, code, Trap.INVALID_TSS);
        int attributes = Descriptors.attributes(descriptor);
        int dpl = Segments.dpl(attributes);
        int rpl = code & 3;
        boolean allowed = Descriptors.isConforming(attributes) ? dpl <= rpl : dpl == rpl;
        if (!Descriptors.isCode(attributes) || !allowed) {
            throw invalid(code);
        }
        install(Segments.CS, code, descriptor);
    }

    private void loadStack(int stack, int cpl) {
        if ((stack & 0xFFFC) == 0) {
            throw invalid(stack);
        }
        long descriptor = Descriptors.read(cpu, stack, Trap.INVALID_TSS);
        Descriptors.checkStack(stack, descriptor, cpl, Trap.INVALID_TSS);
        install(Segments.SS, stack, descriptor);
    }

    private void loadData(int segment, int data, int cpl) {
        if ((data & 0xFFFC) == 0) {
            return;
        }
        long descriptor = Descriptors.read(cpu, data, Trap.INVALID_TSS);
        int attributes = Descriptors.attributes(descriptor);
        boolean code = Descriptors.isCode(attributes);
        boolean readable = !code || (attributes & Segments.WRITABLE) != 0;
        boolean allowed =
                code && Descriptors.isConforming(attributes)
                        || Segments.dpl(attributes) >= Math.max(cpl, data & 3);
        if (Descriptors.isSystem(attributes) || !readable || !allowed) {
            throw invalid(data);
        }
        install(segment, data, descriptor);
    }

    private void install(int segment, int value, long descriptor) {
        if (!Descriptors.isPresent(Descriptors.attributes(descriptor))) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, value & 0xFFFC);
        }
        long marked = Descriptors.accessed(cpu, value, descriptor, Trap.INVALID_TSS);
        Descriptors.install(cpu, segment, value, marked);
    }

    private static Trap invalid(int value) {
        return Trap.of(Trap.INVALID_TSS, value & 0xFFFC);
    }

    private void pushError(int errorCode, int bytes) {
        long pointer = cpu.registers[Registers.RSP] - bytes;
        long address = Frames.stackAddress(cpu, pointer, bytes, true);
        cpu.store(bytes * 8, address, errorCode & StringOperations.mask(bytes * 8));
        Frames.setStackWide(cpu, Registers.RSP, pointer);
    }

    /// What a TSS holds of a task (SDM vol. 3A, figures 8-2 and 8-10). `general` and `selectors`
    /// are by the numbers of [Registers] and [Segments]; `trap` is the T bit.
    private record Image(
            long descriptor,
            boolean wide,
            long cr3,
            long pc,
            long flags,
            long[] general,
            int[] selectors,
            int localTable,
            boolean trap) {
        static final int CR3 = 28;
        static final int PC = 32;
        static final int PC_16 = 14;
        static final int TRAP = 100;

        /// The offset of the last byte that a TSS must have.
        static int lastByte(boolean wide) {
            return wide ? 103 : 43;
        }

        static Image read(Cpu cpu, int selector, long descriptor) {
            boolean wide = isWide(Descriptors.attributes(descriptor));
            long base = Descriptors.base(descriptor);
            int bits = wide ? 32 : 16;
            int bytes = bits >>> 3;
            long at = base + (wide ? PC : PC_16);
            long pc = cpu.loadSystem(bits, at);
            long flags = cpu.loadSystem(bits, at + bytes);
            at += 2L * bytes;
            var general = new long[8];
            for (int register = 0; register < 8; register++) {
                long value = cpu.loadSystem(bits, at);
                // High halves are undefined after a 16-bit switch; processors set them.
                general[register] = wide ? value : 0xFFFF_0000L | value;
                at += bytes;
            }
            var selectors = new int[Segments.GS + 1];
            for (int segment = Segments.ES; segment <= lastSegment(wide); segment++) {
                selectors[segment] = (int) cpu.loadSystem(16, at) & 0xFFFF;
                at += bytes;
            }
            int localTable = (int) cpu.loadSystem(16, at) & 0xFFFF;
            long cr3 = wide ? cpu.loadSystem(32, base + CR3) : 0;
            boolean trap = wide && (cpu.loadSystem(8, base + TRAP) & 1) != 0;
            return new Image(
                    descriptor, wide, cr3, pc, flags, general, selectors, localTable, trap);
        }

        int cpl() {
            return (flags & Bits.VM) != 0 ? 3 : selectors[Segments.CS] & 3;
        }
    }
}
