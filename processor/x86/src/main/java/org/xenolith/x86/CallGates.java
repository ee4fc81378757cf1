package org.xenolith.x86;

/// Call gates (SDM vol. 3A, 5.8.2 to 5.8.6).
final class CallGates {
    private CallGates() {}

    /// Goes through the gate at `gateSelector`, which has been checked for privilege and presence.
    static void enter(Cpu cpu, int gateSelector, long gate, long next, boolean call) {
        boolean longMode = cpu.longActive();
        int selector = (int) (gate >>> 16) & 0xFFFF;
        boolean wide = Descriptors.type(Descriptors.attributes(gate)) == Descriptors.CALL_GATE;
        long target = gate & 0xFFFF | (wide ? gate >>> 32 & 0xFFFF_0000L : 0);
        if (longMode) {
            long at = Descriptors.address(cpu, gateSelector, Trap.GENERAL_PROTECTION, 16);
            long upper = cpu.loadSystem(64, at + 8);
            if ((upper >>> 40 & 0x1F) != 0) {
                throw Trap.generalProtection(gateSelector & 0xFFFC);
            }
            target |= upper << 32;
        }
        if ((selector & 0xFFFC) == 0) {
            throw Trap.generalProtection(0);
        }
        long descriptor = Descriptors.read(cpu, selector, Trap.GENERAL_PROTECTION);
        int attributes = Descriptors.attributes(descriptor);
        check(cpu, selector, attributes, longMode, call);
        FarControl.checkTarget(cpu, descriptor, target);
        int dpl = Segments.dpl(attributes);
        boolean inner = call && !Descriptors.isConforming(attributes) && dpl < cpu.cpl();
        int bytes = longMode ? 8 : wide ? 4 : 2;
        if (inner) {
            if (longMode) {
                toInnerLong(cpu, dpl, next);
            } else {
                toInner(cpu, dpl, bytes, (int) (gate >>> 32) & 31, next);
            }
        } else if (call) {
            push(cpu, bytes, cpu.selector(Segments.CS), next);
        }
        FarControl.installCode(cpu, selector, descriptor, inner ? dpl : cpu.cpl());
        cpu.pc = target;
        cpu.modeChanged();
    }

    private static void check(
            Cpu cpu, int selector, int attributes, boolean longMode, boolean call) {
        int dpl = Segments.dpl(attributes);
        boolean conforming = Descriptors.isConforming(attributes);
        boolean allowed = call || conforming ? dpl <= cpu.cpl() : dpl == cpu.cpl();
        boolean wrongSize =
                longMode && (attributes & (Segments.LONG | Segments.BIG)) != Segments.LONG;
        if (!Descriptors.isCode(attributes) || !allowed || wrongSize) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        if (!Descriptors.isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, selector & 0xFFFC);
        }
    }

    private static void push(Cpu cpu, int bytes, long first, long second) {
        long pointer = cpu.registers[Registers.RSP];
        long upper = Frames.stackAddress(cpu, pointer - bytes, bytes, true);
        long lower = Frames.stackAddress(cpu, pointer - 2L * bytes, bytes, true);
        cpu.probeWrite(upper, bytes);
        cpu.probeWrite(lower, bytes);
        cpu.store(bytes * 8, upper, first);
        cpu.store(bytes * 8, lower, second & -1L >>> 64 - bytes * 8);
        Frames.setStackWide(cpu, Registers.RSP, pointer - 2L * bytes);
    }

    private static void toInnerLong(Cpu cpu, int cpl, long next) {
        int offset = 4 + 8 * cpl;
        if (offset + 7 > (cpu.limits[Segments.TR] & 0xFFFF_FFFFL)) {
            throw Trap.of(Trap.INVALID_TSS, cpu.selector(Segments.TR) & 0xFFFC);
        }
        long stack = cpu.loadSystem(64, cpu.base(Segments.TR) + offset);
        long[] values = {
            cpu.selector(Segments.SS), cpu.registers[Registers.RSP], cpu.selector(Segments.CS), next
        };
        for (int index = values.length - 1; index >= 0; index--) {
            cpu.storeSystem(64, stack - 8L * (index + 1), values[index]);
        }
        cpu.registers[Registers.RSP] = stack - 32;
        Descriptors.installNullStack(cpu, cpl, cpl);
    }

    private static void toInner(Cpu cpu, int cpl, int bytes, int parameters, long next) {
        long[] found = InnerStack.find(cpu, cpl, 0);
        var stack = new InnerStack(cpu, (int) found[0], found[2], found[1], bytes, 0);
        var copied = new long[parameters];
        for (int index = 0; index < parameters; index++) {
            copied[index] = FarControl.stacked(cpu, cpu.registers[Registers.RSP], bytes, index);
        }
        stack.push(cpu.selector(Segments.SS));
        stack.push(cpu.registers[Registers.RSP]);
        for (int index = parameters - 1; index >= 0; index--) {
            stack.push(copied[index]);
        }
        stack.push(cpu.selector(Segments.CS));
        stack.push(next);
        stack.install();
    }
}
