package org.xenolith.x86;

import static org.xenolith.x86.Segments.CS;
import static org.xenolith.x86.Segments.DS;
import static org.xenolith.x86.Segments.ES;
import static org.xenolith.x86.Segments.SS;

import org.xenolith.engine.CpuidTable;
import org.xenolith.ir.Context;
import org.xenolith.ir.Flags;

/// The state of one processor, and the doors through which meanings reach the rest of the machine.
/// **Hot path.** Helpers are static methods on it.
///
/// General registers, selectors and bases of segments, the flags of the system and the XMM
/// registers live in the slots of [Registers]; the status flags in the lazy form of [Context]; `pc`
/// is RIP, an offset in the code segment.
public abstract class Cpu extends Context {
    /// What [Registers#SHADOW] holds where there is no shadow: no address is like that.
    private static final long NO_SHADOW = Long.MIN_VALUE;

    /// What [Registers#SYSTEM_FLAGS] has of RFLAGS: no status flags, no DF, no reserved bits.
    static final int SYSTEM_FLAGS = ~(Flags.STATUS | Bits.DF | 2 | 1 << 3 | 1 << 5 | 1 << 15);

    /// System flags that more depends on than what reads them.
    private static final int MODE_FLAGS = Bits.TF | Bits.VM | Bits.AC | Bits.RF;

    // Hidden parts of the segment registers, by Segments' numbers; bases are register slots.
    public final int[] limits = new int[Segments.COUNT];
    public final int[] attributes = new int[Segments.COUNT];
    public long gdtBase;
    public int gdtLimit;
    public long idtBase;
    public int idtLimit;

    public long cr0;
    public long cr2;
    public long cr3;
    public long cr4;
    public int cr8;
    public long xcr0 = 1;
    public long efer;
    public final long[] dr = new long[8];

    /// The last instruction was a load of SS: no debug trap before the next one is done.
    public boolean debugShadow;

    /// Debug conditions met by the instruction under way, as DR6 bits; become #DB behind it.
    public int pendingDebug;

    /// The instruction under way was INT n, or a kin of it, and has been delivered, or a SYSCALL
    /// that clears TF: no single step follows, for TF was meant for what came before.
    public boolean interruptedItself;

    /// Non-maskable interrupts wait for an IRET.
    public boolean nmiBlocked;

    /// Registers that RDMSR and WRMSR reach and the processor itself keeps.
    public final ModelSpecificRegisters msrs = new ModelSpecificRegisters();

    /// x87, MMX and MXCSR.
    public final FpuState fpu = new FpuState(registers);

    public CpuidTable cpuid;

    /// The current [Mode], as bits; set by [#modeChanged].
    public int mode;

    /// See [Registers#SYSTEM_FLAGS].
    public final int systemFlags() {
        return (int) registers[Registers.SYSTEM_FLAGS];
    }

    /// [#modeChanged] is the caller's to call.
    public final void setSystemFlags(int flags) {
        registers[Registers.SYSTEM_FLAGS] = flags;
    }

    /// The last instruction was STI or a load of SS: no interrupt before the next one is done.
    public final boolean interruptShadow() {
        return registers[Registers.SHADOW] == pc;
    }

    public final void setInterruptShadow(boolean shadow) {
        registers[Registers.SHADOW] = shadow ? pc : NO_SHADOW;
    }

    public final int cpl() {
        return mode >>> Mode.CPL_SHIFT & 3;
    }

    public final boolean is64() {
        return (mode & Mode.CODE_SIZE_MASK) == 2;
    }

    public final boolean isProtected() {
        return (cr0 & Bits.CR0_PE) != 0;
    }

    public final boolean isVirtual8086() {
        return (systemFlags() & Bits.VM) != 0;
    }

    public final boolean longActive() {
        return (efer & Bits.EFER_LMA) != 0;
    }

    public final int selector(int segment) {
        return (int) registers[Registers.SELECTOR + segment];
    }

    public final long base(int segment) {
        return registers[Registers.SEGMENT_BASE + segment];
    }

    public final void setBase(int segment, long base) {
        registers[Registers.SEGMENT_BASE + segment] = base;
    }

    /// Replaces a segment register with its hidden part; [#modeChanged] is the caller's to call.
    public final void setSegment(int segment, int selector, long base, int limit, int attribute) {
        registers[Registers.SELECTOR + segment] = selector & 0xFFFF;
        setBase(segment, base);
        limits[segment] = limit;
        attributes[segment] = attribute;
    }

    /// The whole of RFLAGS.
    public final long rflags() {
        int direction = registers[Registers.DIRECTION] < 0 ? Bits.DF : 0;
        return (systemFlags() | direction | statusFlags() | 2) & 0xFFFF_FFFFL;
    }

    /// Replaces the whole of RFLAGS. The caller decides which bits may change.
    public final void setRflags(long value) {
        setStatusFlags(value);
        registers[Registers.DIRECTION] = (value & Bits.DF) != 0 ? -1 : 1;
        int flags = (int) value & SYSTEM_FLAGS;
        if (!hasBreakpoint()) {
            flags &= ~Bits.RF; // there is nothing that it could hold off
        }
        int changed = systemFlags() ^ flags;
        setSystemFlags(flags);
        if ((changed & MODE_FLAGS) != 0) {
            modeChanged();
        }
    }

    /// To be called after every change of CR0, CR4, EFER, a segment register, TF, VM, AC or a debug
    /// register: works out [#mode] and how memory is to be reached.
    public final void modeChanged() {
        mode = computeMode();
        registers[Registers.STALE_SEGMENTS] = 0;
        registers[Registers.TSC_DISABLED] = cr4 & Bits.CR4_TSD;
        registers[Registers.BASES_DISABLED] = ~cr4 & Bits.CR4_FSGSBASE;
        accessModeChanged();
    }

    private int computeMode() {
        int code = attributes[CS];
        int bits = 0;
        boolean real = (cr0 & Bits.CR0_PE) == 0;
        boolean vm = !real && isVirtual8086();
        if (longActive() && (code & Segments.LONG) != 0) {
            bits |= 2;
        } else if ((code & Segments.BIG) != 0 && !vm) {
            bits |= 1;
        }
        if ((bits & 2) == 0) {
            bits |= (attributes[SS] & Segments.BIG) != 0 && !vm ? Mode.STACK_32 : 0;
            bits |= isFlat() ? Mode.FLAT : 0;
        }
        int cpl = real ? 0 : vm ? 3 : Segments.dpl(attributes[SS]);
        bits |= cpl << Mode.CPL_SHIFT;
        bits |= real ? 0 : Mode.PROTECTED;
        bits |= vm ? Mode.VIRTUAL_8086 : 0;
        bits |= (cr0 & Bits.CR0_EM) != 0 ? Mode.EMULATION : 0;
        bits |= (cr0 & Bits.CR0_TS) != 0 ? Mode.TASK_SWITCHED : 0;
        bits |= (cr0 & Bits.CR0_MP) != 0 ? Mode.MONITOR_COPROCESSOR : 0;
        bits |= (cr4 & Bits.CR4_OSFXSR) != 0 ? Mode.OS_FXSAVE : 0;
        bits |= longActive() ? Mode.LONG_ACTIVE : 0;
        boolean stepping = (systemFlags() & Bits.TF) != 0 || hasBreakpoint();
        bits |= stepping ? Mode.STEPPING : 0;
        bits |= SystemCalls.arePlain(this, bits) ? Mode.PLAIN_SYSTEM_CALLS : 0;
        return bits;
    }

    @Override
    public final boolean isPlain() {
        return fpu.mxcsr.plain();
    }

    /// Any breakpoint is enabled in DR7.
    public final boolean hasBreakpoint() {
        return (dr[7] & 0xFF) != 0;
    }

    private boolean isFlat() {
        return isFlat(CS) && isFlat(SS) && isFlat(DS) && isFlat(ES);
    }

    private boolean isFlat(int segment) {
        int attribute = attributes[segment];
        int access = segment == CS ? Segments.CODE | Segments.WRITABLE : Segments.WRITABLE;
        int mask = Segments.CODE | Segments.WRITABLE | Segments.UNUSABLE;
        boolean expandDown = (attribute & (Segments.CODE | Segments.EXPAND_DOWN)) == 4;
        return base(segment) == 0
                && limits[segment] == -1
                && (attribute & mask) == access
                && !expandDown;
    }

    // ---------------------------------------------------------------- memory

    /// Reads with supervisor rights whatever the CPL: descriptor tables, TSS.
    public abstract long loadSystem(int bits, long linear);

    public abstract void storeSystem(int bits, long linear, long value);

    /// Throws the [Trap] that a write of `bytes` at `linear` would, and changes nothing. What a
    /// helper that writes several times calls first.
    public abstract void probeWrite(long linear, int bytes);

    public abstract void probeRead(long linear, int bytes);

    /// Stores 16 bytes at a multiple of 16 in one step as seen by all processors, if memory still
    /// holds what was expected; else throws [org.xenolith.ir.Abort#restart].
    public void storePairConditional(
            long address, long expectedLow, long expectedHigh, long low, long high) {
        storePair(address, low, high);
    }

    /// Copies `bytes` (no overlap that matters, no page crossing on either side) if both sides are
    /// plain RAM; false, with nothing done, if they are not, or if they overlap because two pages
    /// are one frame. Faults as the accesses would.
    public abstract boolean copyWithinPage(long from, long to, int bytes);

    /// Fills `count` elements of `bits` forward from `to` within one page if it is plain RAM;
    /// false, with nothing done, if it is not. Faults as the access would.
    public abstract boolean fillWithinPage(long to, int bits, long value, int count);

    /// A helper that works through many elements has completed one, registers included: if it is
    /// interrupted from here on, what came before is not done again.
    public abstract void elementDone();

    /// CPL, CR0, CR4, EFER or AC changed: permissions of memory accesses must follow.
    public abstract void accessModeChanged();

    /// Forgets cached translations; those of global pages too if asked.
    public abstract void flushTlb(boolean globalToo);

    /// INVLPG.
    public abstract void invalidatePage(long linear);

    // ---------------------------------------------------------------- the rest of the machine

    /// IN. May leave the engine and begin the instruction again.
    public abstract long portRead(int port, int bytes);

    public abstract void portWrite(int port, int bytes, long value);

    /// RDMSR of a register that [#msrs] does not know. Throws #GP(0) if nobody does.
    public abstract long externalMsrRead(int index);

    public abstract void externalMsrWrite(int index, long value);

    /// VMCALL or VMMCALL: leaves the engine; the answer is put into RAX.
    public abstract void hypercall();

    /// HLT: the processor sleeps behind this instruction.
    public abstract void halt();

    /// PAUSE: the program waits for another processor.
    public void pause() {}

    /// CR8 has been written.
    public abstract void taskPriorityChanged();

    public abstract long timeStampCounter();

    /// WRMSR to IA32_TIME_STAMP_COUNTER.
    public abstract void setTimeStampCounter(long value);

    /// A random number for RDRAND and RDSEED.
    public abstract long random();
}
