package org.xenolith.x86;

import org.xenolith.ir.Flags;
import org.xenolith.ir.Repeats;

/// String instructions with a repeat prefix (SDM vol. 2B, REP). **Hot path.**
///
/// Registers are committed after every element or run of elements, so that a fault or a device
/// access in the middle leaves just the elements before it done. After a bounded amount of work a
/// helper stops with `pc` at the instruction itself, so that interrupts come in between; MOVS and
/// STOS do at the end of a page, and all after each element with TF set or breakpoints enabled.
public final class StringOperations {
    /// Bytes moved before a helper stops, more or less.
    private static final int WORK_MAX = 64 * 1024;

    /// What an element done on its own counts as, in bytes.
    private static final int ELEMENT_WORK = 16;

    private static final int PAGE = 4096;

    private StringOperations() {}

    /// REP MOVS with addresses of 64 bits that are linear, until the count is zero or there has
    /// been enough work.
    @Repeats(
            source = Repeats.Source.MEMORY,
            from = Registers.RSI,
            to = Registers.RDI,
            count = Registers.RCX,
            direction = Registers.DIRECTION)
    public static void copyFlat(Cpu cpu, int bits) {
        copy(cpu, bits, Long.SIZE, Segments.DS);
    }

    /// REP MOVS, until the count is zero or there has been enough work.
    public static void copy(Cpu cpu, int bits, int addressBits, int segment) {
        long mask = mask(addressBits);
        int bytes = bits >>> 3;
        long step = step(cpu, bytes);
        boolean direct = isDirect(cpu, segment);
        long count = count(cpu, mask);
        int work = work(cpu);
        advance(cpu, Registers.RSI, 0, mask);
        advance(cpu, Registers.RDI, 0, mask);
        countDown(cpu, 0, mask);
        int inPages =
                Math.min(
                        ahead(cpu, Registers.RSI, segment, bytes, mask),
                        ahead(cpu, Registers.RDI, Segments.ES, bytes, mask));
        long end = end(count, inPages);
        while (count != end && work > 0) {
            boolean many = direct && count - end != 1 && work > 1;
            int done = many ? copyRun(cpu, bytes, mask, segment, count - end) : 0;
            if (done == 0) {
                long from = linear(cpu, segment, index(cpu, Registers.RSI, mask), bytes, false);
                long value = cpu.load(bits, from);
                long to = linear(cpu, Segments.ES, index(cpu, Registers.RDI, mask), bytes, true);
                cpu.store(bits, to, value);
                done = 1;
                work -= ELEMENT_WORK;
            } else {
                work -= done * bytes;
            }
            advance(cpu, Registers.RSI, done * step, mask);
            advance(cpu, Registers.RDI, done * step, mask);
            count = countDown(cpu, done, mask);
            cpu.elementDone();
        }
        suspend(cpu, count == 0);
    }

    /// The count at which an execution stops: behind the elements that are ahead within pages, if
    /// there are any, and else behind the last. Whoever does not call these helpers stops there
    /// too.
    private static long end(long count, int inPages) {
        return inPages == 0 || Long.compareUnsigned(count, inPages) < 0 ? 0 : count - inPages;
    }

    /// Elements that are whole within the page that an index register points into, forwards; 0 if
    /// not even one is, or the way goes down.
    private static int ahead(Cpu cpu, int register, int segment, int bytes, long mask) {
        if (cpu.registers[Registers.DIRECTION] < 0) {
            return 0;
        }
        long offset = index(cpu, register, mask);
        return room(offset, flat(cpu, segment, offset), bytes, mask, false);
    }

    /// The linear address of an offset where there is nothing to check.
    private static long flat(Cpu cpu, int segment, long offset) {
        return segment < Segments.FS ? offset : offset + cpu.base(segment);
    }

    /// Copies as many elements as stay within one page on either side, in plain RAM; 0 if that is
    /// not more than one. An element never reads what an earlier one of the same run has written,
    /// so that a run is the same as its elements one by one.
    private static int copyRun(Cpu cpu, int bytes, long mask, int segment, long count) {
        long fromOffset = index(cpu, Registers.RSI, mask);
        long toOffset = index(cpu, Registers.RDI, mask);
        long from = flat(cpu, segment, fromOffset);
        boolean down = cpu.registers[Registers.DIRECTION] < 0;
        int run = atMost(count, PAGE);
        run = Math.min(run, room(fromOffset, from, bytes, mask, down));
        run = Math.min(run, room(toOffset, toOffset, bytes, mask, down));
        long ahead = down ? from - toOffset : toOffset - from;
        if (ahead > 0 && ahead < (long) run * bytes) {
            run = (int) ahead / bytes;
        }
        if (run <= 1) {
            return 0;
        }
        long back = 0;
        if (down) {
            // A fault is told of at the element where the run begins, not where the bytes do.
            cpu.probeRead(from, bytes);
            cpu.probeWrite(toOffset, bytes);
            back = (long) (run - 1) * bytes;
        }
        return cpu.copyWithinPage(from - back, toOffset - back, run * bytes) ? run : 0;
    }

    /// Elements from an offset on that are whole within its page and do not wrap around.
    private static int room(long offset, long linear, int bytes, long mask, boolean down) {
        int inPage = (int) linear & PAGE - 1;
        if (inPage + bytes > PAGE) {
            return 0;
        }
        if (down) {
            int below = inPage / bytes + 1;
            return Long.compareUnsigned(offset, PAGE) < 0
                    ? Math.min(below, (int) offset / bytes + 1)
                    : below;
        }
        int above = (PAGE - inPage) / bytes;
        long beforeWrap = mask - offset;
        return Long.compareUnsigned(beforeWrap, PAGE) < 0
                ? Math.min(above, (int) (beforeWrap + 1) / bytes)
                : above;
    }

    /// REP STOS with addresses of 64 bits, until the count is zero or there has been enough work.
    @Repeats(
            source = Repeats.Source.REGISTER,
            from = Registers.RAX,
            to = Registers.RDI,
            count = Registers.RCX,
            direction = Registers.DIRECTION)
    public static void fillFlat(Cpu cpu, int bits) {
        fill(cpu, bits, Long.SIZE);
    }

    /// REP STOS, until the count is zero or there has been enough work.
    public static void fill(Cpu cpu, int bits, int addressBits) {
        long mask = mask(addressBits);
        int bytes = bits >>> 3;
        long step = step(cpu, bytes);
        boolean direct = isDirect(cpu, Segments.ES) && step > 0;
        long value = cpu.registers[Registers.RAX] & mask(bits);
        long count = count(cpu, mask);
        int work = work(cpu);
        advance(cpu, Registers.RDI, 0, mask);
        countDown(cpu, 0, mask);
        long end = end(count, ahead(cpu, Registers.RDI, Segments.ES, bytes, mask));
        while (count != end && work > 0) {
            long offset = index(cpu, Registers.RDI, mask);
            int run = 0;
            if (direct && count - end != 1 && work > 1) {
                long left = count - end;
                run = Math.min(atMost(left, PAGE), room(offset, offset, bytes, mask, false));
            }
            if (run > 1 && cpu.fillWithinPage(offset, bits, value, run)) {
                work -= run * bytes;
            } else {
                run = 1;
                cpu.store(bits, linear(cpu, Segments.ES, offset, bytes, true), value);
                work -= ELEMENT_WORK;
            }
            advance(cpu, Registers.RDI, run * step, mask);
            count = countDown(cpu, run, mask);
            cpu.elementDone();
        }
        suspend(cpu, count == 0);
    }

    /// REP LODS.
    public static void load(Cpu cpu, int bits, int addressBits, int segment, long pc, long next) {
        long mask = mask(addressBits);
        int bytes = bits >>> 3;
        long step = step(cpu, bytes);
        long count = count(cpu, mask);
        int work = work(cpu);
        countDown(cpu, 0, mask);
        while (count != 0 && work > 0) {
            long from = linear(cpu, segment, index(cpu, Registers.RSI, mask), bytes, false);
            long value = cpu.load(bits, from);
            setLow(cpu, Registers.RAX, value, mask(bits));
            advance(cpu, Registers.RSI, step, mask);
            count = countDown(cpu, 1, mask);
            cpu.elementDone();
            work -= ELEMENT_WORK;
        }
        stop(cpu, count == 0, pc, next);
    }

    /// REPE and REPNE CMPS; `whileEqual` is 1 for REPE. The flags stay as they were until the
    /// helper stops: a fault in the middle finds them so (SDM vol. 2B, REP).
    public static void compare(
            Cpu cpu, int bits, int addressBits, int segment, int whileEqual, long pc, long next) {
        long mask = mask(addressBits);
        int bytes = bits >>> 3;
        long step = step(cpu, bytes);
        long count = count(cpu, mask);
        int work = work(cpu);
        countDown(cpu, 0, mask);
        if (count == 0) {
            cpu.pc = next;
            return;
        }
        boolean equal = whileEqual != 0;
        long left = 0;
        long right = 0;
        while (count != 0 && work > 0 && equal == (whileEqual != 0)) {
            long with = linear(cpu, Segments.ES, index(cpu, Registers.RDI, mask), bytes, false);
            right = cpu.load(bits, with);
            long from = linear(cpu, segment, index(cpu, Registers.RSI, mask), bytes, false);
            left = cpu.load(bits, from);
            equal = left == right;
            advance(cpu, Registers.RSI, step, mask);
            advance(cpu, Registers.RDI, step, mask);
            count = countDown(cpu, 1, mask);
            cpu.elementDone();
            work -= ELEMENT_WORK;
        }
        boolean complete = count == 0 || equal != (whileEqual != 0);
        if (complete) {
            cpu.setFlags(Flags.SUB, bits, left, right, left - right & mask(bits));
        }
        stop(cpu, complete, pc, next);
    }

    /// REPE and REPNE SCAS; see [#compare].
    public static void scan(
            Cpu cpu, int bits, int addressBits, int whileEqual, long pc, long next) {
        long mask = mask(addressBits);
        int bytes = bits >>> 3;
        long step = step(cpu, bytes);
        long count = count(cpu, mask);
        int work = work(cpu);
        countDown(cpu, 0, mask);
        if (count == 0) {
            cpu.pc = next;
            return;
        }
        boolean equal = whileEqual != 0;
        long left = cpu.registers[Registers.RAX] & mask(bits);
        long right = 0;
        while (count != 0 && work > 0 && equal == (whileEqual != 0)) {
            long with = linear(cpu, Segments.ES, index(cpu, Registers.RDI, mask), bytes, false);
            right = cpu.load(bits, with);
            equal = left == right;
            advance(cpu, Registers.RDI, step, mask);
            count = countDown(cpu, 1, mask);
            cpu.elementDone();
            work -= ELEMENT_WORK;
        }
        boolean complete = count == 0 || equal != (whileEqual != 0);
        if (complete) {
            cpu.setFlags(Flags.SUB, bits, left, right, left - right & mask(bits));
        }
        stop(cpu, complete, pc, next);
    }

    // ---------------------------------------------------------------- shared with INS and OUTS

    static long mask(int bits) {
        return -1L >>> 64 - bits;
    }

    /// Bytes that may be moved before interrupts are looked for; one element if single-stepping.
    static int work(Cpu cpu) {
        return (cpu.mode & Mode.STEPPING) != 0 ? 1 : WORK_MAX;
    }

    /// Leaves the instruction, or begins it again for the elements that are left.
    static void stop(Cpu cpu, boolean complete, long pc, long next) {
        cpu.pc = complete ? next : pc;
        suspend(cpu, complete);
    }

    /// An instruction breakpoint is not met again for elements that are left (SDM vol. 3B,
    /// 18.3.1.1).
    private static void suspend(Cpu cpu, boolean complete) {
        if (!complete && (cpu.mode & Mode.STEPPING) != 0) {
            cpu.setSystemFlags(cpu.systemFlags() | Bits.RF);
        }
    }

    /// Bytes from one element to the next, by DF.
    static long step(Cpu cpu, int bytes) {
        return cpu.registers[Registers.DIRECTION] * bytes;
    }

    static long index(Cpu cpu, int register, long mask) {
        return cpu.registers[register] & mask;
    }

    static long count(Cpu cpu, long mask) {
        return cpu.registers[Registers.RCX] & mask;
    }

    /// Moves an index register. A 32-bit index clears the high half, a 16-bit one leaves the rest.
    static void advance(Cpu cpu, int register, long by, long mask) {
        setLow(cpu, register, cpu.registers[register] + by, mask);
    }

    /// The count after `done` more elements.
    static long countDown(Cpu cpu, long done, long mask) {
        advance(cpu, Registers.RCX, -done, mask);
        return count(cpu, mask);
    }

    /// Replaces as much of a register as the mask covers, as a result of that width does.
    private static void setLow(Cpu cpu, int register, long value, long mask) {
        long kept = mask <= 0xFFFF && mask >= 0 ? cpu.registers[register] & ~mask : 0;
        cpu.registers[register] = kept | value & mask;
    }

    /// The linear address of an element, checked against its segment where segments count.
    static long linear(Cpu cpu, int segment, long offset, int bytes, boolean write) {
        if (isDirect(cpu, segment)) {
            return flat(cpu, segment, offset);
        }
        return write
                ? SegmentAccess.linearForWrite(cpu, segment, offset, bytes)
                : SegmentAccess.linearForRead(cpu, segment, offset, bytes);
    }

    /// Whether offsets in a segment need no check.
    private static boolean isDirect(Cpu cpu, int segment) {
        return cpu.is64() || (cpu.mode & Mode.FLAT) != 0 && segment < Segments.FS;
    }

    private static int atMost(long unsigned, int max) {
        return Long.compareUnsigned(unsigned, max) > 0 ? max : (int) unsigned;
    }
}
