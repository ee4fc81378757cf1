package org.xenolith.x86;

import static org.xenolith.ir.Flags.CF;
import static org.xenolith.ir.Width.W16;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.ir.Width.W8;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Helper;

/// System instructions, flags and processor identification (SDM vol. 1, 5.1.11 to 5.1.16 and 5.20).
final class SystemInstructions {
    // spotless:off
    static final Table TABLE = Table.of(
        row("PUSHF",   "9C",          SystemInstructions::pushf).default64(),
        row("POPF",    "9D",          SystemInstructions::popf).default64().endsBlock(),
        row("CLI",     "FA",          SystemInstructions::cli),
        row("STI",     "FB",          SystemInstructions::sti).endsBlock(),
        row("HLT",     "F4",          SystemInstructions::hlt).privileged().endsBlock(),
        row("PAUSE",   "F3 90",       SystemInstructions::pause),
        row("CPUID",   "0F A2",       SystemInstructions::cpuid).endsBlock(),
        row("RDTSC",   "0F 31",       SystemInstructions::rdtsc).endsBlock(),
        row("RDTSCP",  "0F 01 /7 F9", SystemInstructions::rdtscp).endsBlock(),
        row("RDRAND",  "0F C7 /6 reg", SystemInstructions::rdrand, Rv),
        row("RDSEED",  "0F C7 /7 reg", SystemInstructions::rdrand, Rv),
        row("RDPMC",   "0F 33",       SystemInstructions::rdpmc),
        row("RDMSR",   "0F 32",       SystemInstructions::rdmsr).privileged().endsBlock(),
        row("WRMSR",   "0F 30",       SystemInstructions::wrmsr).privileged().endsBlock(),
        row("MOV",     "0F 20 /r",    SystemInstructions::fromControl, Rn, Cn).privileged(),
        row("MOV",     "0F 22 /r",    SystemInstructions::toControl, Cn, Rn).privileged().endsBlock(),
        row("MOV",     "0F 21 /r",    SystemInstructions::fromDebug, Rn, Dn).privileged().endsBlock(),
        row("MOV",     "0F 23 /r",    SystemInstructions::toDebug, Dn, Rn).privileged().endsBlock(),
        row("CLTS",    "0F 06",       SystemInstructions::clts).privileged().endsBlock(),
        row("SMSW",    "0F 01 /4",    SystemInstructions::smsw, RvMw),
        row("LMSW",    "0F 01 /6",    SystemInstructions::lmsw, Ew).privileged().endsBlock(),
        row("SGDT",    "0F 01 /0 mem", SystemInstructions::sgdt, M),
        row("SIDT",    "0F 01 /1 mem", SystemInstructions::sidt, M),
        row("LGDT",    "0F 01 /2 mem", SystemInstructions::lgdt, M).privileged().endsBlock(),
        row("LIDT",    "0F 01 /3 mem", SystemInstructions::lidt, M).privileged().endsBlock(),
        row("INVLPG",  "0F 01 /7 mem", SystemInstructions::invlpg, M).privileged().endsBlock(),
        row("SWAPGS",  "0F 01 /7 F8", SystemInstructions::swapgs).privileged().only64(),
        row("VMCALL",  "0F 01 /0 C1", SystemInstructions::vmcall).endsBlock(),
        row("VMMCALL", "0F 01 /3 D9", SystemInstructions::vmcall).endsBlock(),
        row("CLAC",    "NP 0F 01 /1 CA", SystemInstructions::clac).endsBlock(),
        row("STAC",    "NP 0F 01 /1 CB", SystemInstructions::stac).endsBlock(),
        row("SLDT",    "0F 00 /0",    SystemInstructions::sldt, RvMw),
        row("STR",     "0F 00 /1",    SystemInstructions::str, RvMw),
        row("LLDT",    "0F 00 /2",    SystemInstructions::lldt, Ew).endsBlock(),
        row("LTR",     "0F 00 /3",    SystemInstructions::ltr, Ew).endsBlock(),
        row("VERR",    "0F 00 /4",    SystemInstructions::verr, Ew),
        row("VERW",    "0F 00 /5",    SystemInstructions::verw, Ew),
        row("LAR",     "0F 02 /r",    SystemInstructions::lar, Gv, Ew),
        row("LSL",     "0F 03 /r",    SystemInstructions::lsl, Gv, Ew),
        row("INVD",    "0F 08",       SystemInstructions::fence).privileged(),
        row("WBINVD",  "0F 09",       SystemInstructions::fence).privileged(),
        row("RDFSBASE", "F3 0F AE /0 reg", SystemInstructions::readBase, Ry).only64(),
        row("RDGSBASE", "F3 0F AE /1 reg", SystemInstructions::readBase, Ry).only64(),
        row("WRFSBASE", "F3 0F AE /2 reg", SystemInstructions::writeBase, Ry).only64(),
        row("WRGSBASE", "F3 0F AE /3 reg", SystemInstructions::writeBase, Ry).only64(),
        row("LFENCE",  "NP 0F AE /5 reg", SystemInstructions::nop),
        row("MFENCE",  "NP 0F AE /6 reg", SystemInstructions::fence),
        row("SFENCE",  "NP 0F AE /7 reg", SystemInstructions::nop),
        row("CLFLUSH", "NP 0F AE /7 mem", SystemInstructions::clflush, Mb),
        row("MOV",     "8C /r",       SystemInstructions::fromSegment, RvMw, Sw),
        row("MOV",     "8E /r",       SystemInstructions::toSegment, Sw, Ew).endsBlock(),
        row("PUSH ES", "06",          SystemInstructions::pushSegment).not64(),
        row("PUSH CS", "0E",          SystemInstructions::pushSegment).not64(),
        row("PUSH SS", "16",          SystemInstructions::pushSegment).not64(),
        row("PUSH DS", "1E",          SystemInstructions::pushSegment).not64(),
        row("PUSH FS", "0F A0",       SystemInstructions::pushSegment).default64(),
        row("PUSH GS", "0F A8",       SystemInstructions::pushSegment).default64(),
        row("POP ES",  "07",          SystemInstructions::popSegment).not64().endsBlock(),
        row("POP SS",  "17",          SystemInstructions::popSegment).not64().endsBlock(),
        row("POP DS",  "1F",          SystemInstructions::popSegment).not64().endsBlock(),
        row("POP FS",  "0F A1",       SystemInstructions::popSegment).default64().endsBlock(),
        row("POP GS",  "0F A9",       SystemInstructions::popSegment).default64().endsBlock(),
        row("LES",     "C4 /r",       SystemInstructions::loadPointer, Gv, M).not64().endsBlock(),
        row("LDS",     "C5 /r",       SystemInstructions::loadPointer, Gv, M).not64().endsBlock(),
        row("LSS",     "0F B2 /r",    SystemInstructions::loadPointer, Gv, M).endsBlock(),
        row("LFS",     "0F B4 /r",    SystemInstructions::loadPointer, Gv, M).endsBlock(),
        row("LGS",     "0F B5 /r",    SystemInstructions::loadPointer, Gv, M).endsBlock(),
        row("ARPL",    "63 /r",       SystemInstructions::arpl, Ew, Gw).not64(),
        row("BOUND",   "62 /r",       SystemInstructions::bound, Gv, M).not64());
    // spotless:on

    private SystemInstructions() {}

    private static Helper helper(String name) {
        return Helper.named(SystemHelpers.class, name);
    }

    private static final Helper FENCE = Helper.named(MemoryOrder.class, "fence");
    private static final Helper READ_FLAGS = helper("readFlags");
    private static final Helper RAISE_RPL = helper("raiseRpl");
    private static final Helper ADOPT_FLAGS = helper("adoptFlags");
    private static final Helper ALLOW_USER_ACCESS =
            Helper.named(SystemCalls.class, "allowUserAccess");
    private static final Helper FORBID_USER_ACCESS =
            Helper.named(SystemCalls.class, "forbidUserAccess");
    private static final Helper POP_FLAGS = helper("popFlags");
    private static final Helper CLEAR_IF = helper("clearInterruptFlag");
    private static final Helper SET_IF = helper("setInterruptFlag");
    private static final Helper HALT = helper("halt");
    private static final Helper PAUSE = helper("pause");
    private static final Helper CPUID = helper("cpuid");
    private static final Helper TIME_STAMP = helper("timeStamp");
    private static final Helper REQUIRE_TIME_STAMP = helper("requireTimeStamp");
    private static final Helper RANDOM = helper("random");
    private static final Helper RDMSR = helper("readMsr");
    private static final Helper WRMSR = helper("writeMsr");
    private static final Helper HYPERCALL = helper("hypercall");
    private static final Helper READ_CONTROL = Helper.named(ControlRegisters.class, "read");
    private static final Helper WRITE_CONTROL = Helper.named(ControlRegisters.class, "write");
    private static final Helper READ_DEBUG = Helper.named(ControlRegisters.class, "readDebug");
    private static final Helper WRITE_DEBUG = Helper.named(ControlRegisters.class, "writeDebug");
    private static final Helper CLTS = Helper.named(ControlRegisters.class, "clearTaskSwitched");
    private static final Helper LMSW = Helper.named(ControlRegisters.class, "loadMachineStatus");
    private static final Helper STORE_TABLE = helper("storeTable");
    private static final Helper LOAD_TABLE = helper("loadTable");
    private static final Helper INVALIDATE = helper("invalidatePage");
    private static final Helper LOAD_LDT = helper("loadLdt");
    private static final Helper LOAD_TASK = helper("loadTask");
    private static final Helper VERIFY = helper("verify");
    private static final Helper ACCESS_RIGHTS = helper("accessRights");
    private static final Helper SEGMENT_LIMIT = helper("segmentLimit");
    private static final Helper LOAD_FAR = helper("loadFarSegment");
    private static final Helper LOAD_SEGMENT = helper("loadSegment");
    private static final Helper REQUIRE_BASES = helper("requireBases");
    private static final Helper REQUIRE_CANONICAL =
            Helper.named(Alignment.class, "requireCanonical");
    private static final Helper CHECK_BOUND = helper("checkBound");

    /// LLDT and its kin are #UD where there is no protection.
    private static boolean isUnprotected(Lifter l) {
        if (!l.mode().isProtected() || l.mode().virtual8086()) {
            l.undefined();
            return true;
        }
        return false;
    }

    static void nop(Lifter l, Instruction i) {}

    static void fence(Lifter l, Instruction i) {
        l.call(FENCE);
    }

    static void pushf(Lifter l, Instruction i) {
        if (l.mode().virtual8086()) {
            l.push(l.convert(l.call(READ_FLAGS), i.operandSize()));
            return;
        }
        int flags = WholeFlags.read(l, Bits.RF | Bits.VM);
        l.push(l.convert(flags, i.operandSize()));
    }

    /// The bits of a value of 64 bits that a mask has.
    static int and(Lifter l, int value, long mask) {
        return l.and(value, l.constant(W64, mask));
    }

    /// At CPL 0 all flags may change but VM, VIF and VIP; RF is cleared.
    static void popf(Lifter l, Instruction i) {
        int bytes = i.operandSize().bytes();
        if (l.mode().cpl() != 0) {
            l.call(POP_FLAGS, l.constant(W32, bytes));
            return;
        }
        int changeable = Bits.TF | Bits.IF | Bits.NT | Bits.IOPL;
        changeable |= bytes > 2 ? Bits.AC | Bits.ID | Bits.RF : 0;
        int value = l.convert(l.peek(i.operandSize(), 0), W64);
        int pointer = l.stackPointer(bytes);
        int old = l.register(Registers.SYSTEM_FLAGS);
        int kept = and(l, old, ~(long) changeable);
        int system = l.or(kept, and(l, value, changeable & ~Bits.RF));
        int changed = and(l, l.xor(old, system), Bits.TF | Bits.AC);
        int direction = WholeFlags.direction(l, value);
        l.call(ADOPT_FLAGS, l.or(changed, l.register(Registers.EVENTS)), system);
        l.setRegister(Registers.SYSTEM_FLAGS, system);
        l.setRegister(Registers.DIRECTION, direction);
        l.writeFlags(value);
        l.setStackPointer(pointer);
    }

    static void cli(Lifter l, Instruction i) {
        if (l.mode().cpl() != 0) {
            l.call(CLEAR_IF);
            return;
        }
        int flags = l.register(Registers.SYSTEM_FLAGS);
        l.setRegister(Registers.SYSTEM_FLAGS, and(l, flags, ~(long) Bits.IF));
    }

    /// Holds off interrupts for one instruction if they were off (SDM vol. 2B, STI).
    static void sti(Lifter l, Instruction i) {
        int next = l.codeAddress(l.next());
        if (l.mode().cpl() != 0) {
            l.call(SET_IF, next);
            return;
        }
        int old = l.register(Registers.SYSTEM_FLAGS);
        int flags = l.or(old, l.constant(W64, Bits.IF));
        int wereOn = and(l, old, Bits.IF);
        int shadow = l.select(wereOn, l.register(Registers.SHADOW), next);
        l.call(ADOPT_FLAGS, l.register(Registers.EVENTS), flags);
        l.setRegister(Registers.SYSTEM_FLAGS, flags);
        l.setRegister(Registers.SHADOW, shadow);
    }

    static void hlt(Lifter l, Instruction i) {
        l.call(HALT);
    }

    static void pause(Lifter l, Instruction i) {
        l.call(PAUSE);
    }

    static void cpuid(Lifter l, Instruction i) {
        l.call(CPUID);
    }

    static void rdtsc(Lifter l, Instruction i) {
        readTimeStamp(l);
    }

    private static void readTimeStamp(Lifter l) {
        if (l.mode().cpl() > 0) {
            l.call(REQUIRE_TIME_STAMP, l.register(Registers.TSC_DISABLED));
        }
        int time = l.call(TIME_STAMP);
        l.setRegister(Registers.RAX, l.convert(l.convert(time, W32), W64));
        l.setRegister(Registers.RDX, l.shiftRight(time, l.constant(W64, Integer.SIZE)));
    }

    static void rdtscp(Lifter l, Instruction i) {
        int aux = l.register(Registers.TSC_AUX);
        readTimeStamp(l);
        l.setRegister(Registers.RCX, aux);
    }

    /// RDRAND and RDSEED: there is always a number, which CF tells.
    static void rdrand(Lifter l, Instruction i) {
        int number = l.call(RANDOM);
        l.write(i.first(), l.convert(number, l.width(i.first())));
        l.writeFlags(l.constant(W64, CF));
    }

    /// There are no performance counters.
    static void rdpmc(Lifter l, Instruction i) {
        l.generalProtection();
    }

    static void rdmsr(Lifter l, Instruction i) {
        l.call(RDMSR);
    }

    static void wrmsr(Lifter l, Instruction i) {
        l.call(WRMSR);
    }

    static void vmcall(Lifter l, Instruction i) {
        l.call(HYPERCALL);
    }

    static void clac(Lifter l, Instruction i) {
        accessControl(l, false);
    }

    static void stac(Lifter l, Instruction i) {
        accessControl(l, true);
    }

    private static void accessControl(Lifter l, boolean on) {
        if (l.mode().cpl() != 0) {
            l.undefined();
            return;
        }
        int old = l.register(Registers.SYSTEM_FLAGS);
        int flags = on ? l.or(old, l.constant(W64, Bits.AC)) : and(l, old, ~(long) Bits.AC);
        int changed = l.xor(old, flags);
        l.call(on ? ALLOW_USER_ACCESS : FORBID_USER_ACCESS, l.constant(W64, 0), changed);
        l.setRegister(Registers.SYSTEM_FLAGS, flags);
    }

    // ---------------------------------------------------------------- control and debug registers

    static void fromControl(Lifter l, Instruction i) {
        int number = ((Operand.ControlRegister) i.second()).number();
        if (!ControlRegisters.exists(number, l.mode().is64())) {
            l.undefined();
            return;
        }
        int value = l.call(READ_CONTROL, l.constant(W32, number));
        l.write(i.first(), l.convert(value, l.width(i.first())));
    }

    static void toControl(Lifter l, Instruction i) {
        int number = ((Operand.ControlRegister) i.first()).number();
        if (!ControlRegisters.exists(number, l.mode().is64())) {
            l.undefined();
            return;
        }
        l.call(WRITE_CONTROL, l.constant(W32, number), l.convert(l.read(i.second()), W64));
    }

    static void fromDebug(Lifter l, Instruction i) {
        int number = ((Operand.DebugRegister) i.second()).number();
        if (number > 7) {
            l.undefined();
            return;
        }
        int value = l.call(READ_DEBUG, l.constant(W32, number));
        l.write(i.first(), l.convert(value, l.width(i.first())));
    }

    static void toDebug(Lifter l, Instruction i) {
        int number = ((Operand.DebugRegister) i.first()).number();
        if (number > 7) {
            l.undefined();
            return;
        }
        l.call(WRITE_DEBUG, l.constant(W32, number), l.convert(l.read(i.second()), W64));
    }

    static void clts(Lifter l, Instruction i) {
        l.call(CLTS);
    }

    static void smsw(Lifter l, Instruction i) {
        int value = l.call(READ_CONTROL, l.constant(W32, 0));
        l.write(i.first(), l.convert(value, l.width(i.first())));
    }

    static void lmsw(Lifter l, Instruction i) {
        l.call(LMSW, l.convert(l.read(i.first()), W64));
    }

    // ---------------------------------------------------------------- descriptor tables

    static void sgdt(Lifter l, Instruction i) {
        storeTable(l, i, 0);
    }

    static void sidt(Lifter l, Instruction i) {
        storeTable(l, i, 1);
    }

    private static void storeTable(Lifter l, Instruction i, int interrupt) {
        int bytes = l.mode().is64() ? 10 : 6;
        int address = l.address((Operand.Memory) i.first(), bytes, true);
        l.call(STORE_TABLE, l.constant(W32, interrupt), address, l.constant(W32, bytes));
    }

    static void lgdt(Lifter l, Instruction i) {
        loadTable(l, i, 0);
    }

    static void lidt(Lifter l, Instruction i) {
        loadTable(l, i, 1);
    }

    private static void loadTable(Lifter l, Instruction i, int interrupt) {
        boolean wide = l.mode().is64();
        int address = l.address((Operand.Memory) i.first(), wide ? 10 : 6, false);
        int limit = l.load(W16, address);
        int base = l.convert(l.load(wide ? W64 : W32, l.behind(address, 2)), W64);
        if (i.operandSize() == W16 && !wide) {
            base = l.and(base, l.constant(W64, 0xFF_FFFF));
        }
        l.call(LOAD_TABLE, l.constant(W32, interrupt), l.convert(limit, W32), base);
    }

    static void invlpg(Lifter l, Instruction i) {
        var m = (Operand.Memory) i.first();
        int offset = l.convert(l.offset(m), W64);
        int base = l.register(Registers.SEGMENT_BASE + m.segment());
        boolean based = !l.mode().is64() || m.segment() >= Segments.FS;
        l.call(INVALIDATE, based ? l.add(offset, base) : offset);
    }

    static void swapgs(Lifter l, Instruction i) {
        int base = l.register(Registers.SEGMENT_BASE + Segments.GS);
        int other = l.register(Registers.KERNEL_GS_BASE);
        l.setRegister(Registers.SEGMENT_BASE + Segments.GS, other);
        l.setRegister(Registers.KERNEL_GS_BASE, base);
    }

    static void clflush(Lifter l, Instruction i) {
        l.read(i.first());
    }

    static void sldt(Lifter l, Instruction i) {
        storeSelector(l, i, Segments.LDTR);
    }

    static void str(Lifter l, Instruction i) {
        storeSelector(l, i, Segments.TR);
    }

    private static void storeSelector(Lifter l, Instruction i, int segment) {
        if (isUnprotected(l)) {
            return;
        }
        int selector = selector(l, segment);
        l.write(i.first(), l.convert(selector, l.width(i.first())));
    }

    static void lldt(Lifter l, Instruction i) {
        loadSystemSegment(l, i, LOAD_LDT);
    }

    static void ltr(Lifter l, Instruction i) {
        loadSystemSegment(l, i, LOAD_TASK);
    }

    private static void loadSystemSegment(Lifter l, Instruction i, Helper helper) {
        if (isUnprotected(l)) {
            return;
        }
        if (l.mode().cpl() != 0) {
            l.generalProtection();
            return;
        }
        l.call(helper, l.convert(l.read(i.first()), W32));
    }

    static void verr(Lifter l, Instruction i) {
        verify(l, i, 0);
    }

    static void verw(Lifter l, Instruction i) {
        verify(l, i, 1);
    }

    private static void verify(Lifter l, Instruction i, int write) {
        if (isUnprotected(l)) {
            return;
        }
        int selector = l.convert(l.read(i.first()), W32);
        l.setZeroFlag(l.notZero(l.call(VERIFY, selector, l.constant(W32, write))));
    }

    static void lar(Lifter l, Instruction i) {
        loadProperty(l, i, ACCESS_RIGHTS);
    }

    static void lsl(Lifter l, Instruction i) {
        loadProperty(l, i, SEGMENT_LIMIT);
    }

    /// The helper gives -1 for a selector that may not be looked at: the register stays.
    private static void loadProperty(Lifter l, Instruction i, Helper helper) {
        if (isUnprotected(l)) {
            return;
        }
        int found = l.call(helper, l.convert(l.read(i.second()), W32));
        int valid = l.notEqual(found, l.constant(W64, -1));
        var width = l.width(i.first());
        int number = ((Operand.Register) i.first()).number();
        int old = l.register(number);
        int value = l.convert(l.convert(found, width), W64);
        if (width == W16) {
            value = l.or(value, l.and(old, l.constant(W64, ~0xFFFFL)));
        }
        l.setRegister(number, l.select(valid, value, old));
        l.setZeroFlag(valid);
    }

    // ---------------------------------------------------------------- segment registers

    /// Of width 64.
    private static int selector(Lifter l, int segment) {
        return l.register(Registers.SELECTOR + segment);
    }

    static void fromSegment(Lifter l, Instruction i) {
        int number = ((Operand.SegmentRegister) i.second()).number();
        if (number > Segments.GS) {
            l.undefined();
            return;
        }
        int selector = selector(l, number);
        l.write(i.first(), l.convert(selector, l.width(i.first())));
    }

    static void toSegment(Lifter l, Instruction i) {
        int number = ((Operand.SegmentRegister) i.first()).number();
        if (number > Segments.GS || number == Segments.CS) {
            l.undefined();
            return;
        }
        int selector = l.convert(l.read(i.second()), W32);
        loadSegment(l, number, selector);
    }

    /// Behind a load of SS interrupts are held off for one instruction (SDM vol. 3A, 6.8.3).
    private static void loadSegment(Lifter l, int segment, int selector) {
        l.call(LOAD_SEGMENT, l.constant(W32, segment), selector);
        if (segment == Segments.SS) {
            l.setRegister(Registers.SHADOW, l.codeAddress(l.next()));
        }
    }

    /// The segment register in bits 5:3 of the opcode.
    private static int segmentOf(Instruction i) {
        return i.row().encoding().opcode() >>> 3 & 7;
    }

    static void pushSegment(Lifter l, Instruction i) {
        int selector = selector(l, segmentOf(i));
        if (i.operandSize() != W32) {
            l.push(l.convert(selector, i.operandSize()));
            return;
        }
        // With a 32-bit operand only the low half of the slot is written.
        int pointer = l.stackPointer(-4);
        l.store(l.linear(Segments.SS, pointer, 2, true), l.convert(selector, W16));
        l.setStackPointer(pointer);
    }

    static void popSegment(Lifter l, Instruction i) {
        int selector = l.convert(l.peek(W16, 0), W32);
        int pointer = l.stackPointer(i.operandSize().bytes());
        loadSegment(l, segmentOf(i), selector);
        l.setStackPointer(pointer);
    }

    static void loadPointer(Lifter l, Instruction i) {
        int segment =
                switch (i.row().encoding().opcode()) {
                    case 0xC4 -> Segments.ES;
                    case 0xC5 -> Segments.DS;
                    case 0xB2 -> Segments.SS;
                    case 0xB4 -> Segments.FS;
                    default -> Segments.GS;
                };
        var width = i.operandSize();
        int address = l.address((Operand.Memory) i.second(), width.bytes() + 2, false);
        int offset = l.load(width, address);
        int selector = l.load(W16, l.behind(address, width.bytes()));
        l.call(LOAD_FAR, l.constant(W32, segment), l.convert(selector, W32));
        l.write(i.first(), offset);
    }

    static void readBase(Lifter l, Instruction i) {
        l.call(REQUIRE_BASES, l.register(Registers.BASES_DISABLED));
        int value = l.register(Registers.SEGMENT_BASE + Segments.FS + digit(i));
        l.write(i.first(), l.convert(value, l.width(i.first())));
    }

    static void writeBase(Lifter l, Instruction i) {
        l.call(REQUIRE_BASES, l.register(Registers.BASES_DISABLED));
        int base = l.convert(l.read(i.first()), W64);
        l.call(REQUIRE_CANONICAL, base);
        l.setRegister(Registers.SEGMENT_BASE + Segments.FS + digit(i) - 2, base);
    }

    private static int digit(Instruction i) {
        return i.row().encoding().digit();
    }

    static void arpl(Lifter l, Instruction i) {
        if (isUnprotected(l)) {
            return;
        }
        int rpl = l.and(l.read(i.second()), l.constant(W16, 3));
        if (i.first() instanceof Operand.Memory m) {
            int segment = l.constant(W32, m.segment());
            int offset = l.convert(l.offset(m), W64);
            int raised = l.call(RAISE_RPL, segment, offset, l.convert(rpl, W32));
            l.setZeroFlag(l.convert(raised, W8));
            return;
        }
        int destination = l.read(i.first());
        int old = l.and(destination, l.constant(W16, 3));
        int lower = l.compare(org.xenolith.ir.Op.CompareKind.LESS_UNSIGNED, old, rpl);
        int raised = l.or(l.and(destination, l.constant(W16, ~3L)), rpl);
        l.write(i.first(), l.select(lower, raised, destination));
        l.setZeroFlag(lower);
    }

    static void bound(Lifter l, Instruction i) {
        var width = i.operandSize();
        int index = l.convertSigned(l.read(i.first()), W64);
        int address = l.address((Operand.Memory) i.second(), 2 * width.bytes(), false);
        int lower = l.convertSigned(l.load(width, address), W64);
        l.call(CHECK_BOUND, index, lower, l.constant(W64, Long.MAX_VALUE));
        int upper = l.convertSigned(l.load(width, l.behind(address, width.bytes())), W64);
        l.call(CHECK_BOUND, index, l.constant(W64, Long.MIN_VALUE), upper);
    }
}
