package org.xenolith.x86;

import org.xenolith.ir.ReadOnly;
import org.xenolith.softfloat.Float80;
import org.xenolith.softfloat.FloatFlags;

/// Helpers of x87 control instructions (SDM vol. 1, 8.1.10 and 8.3.11), which neither change the
/// pointers nor, but for those that load, wait for exceptions.
public final class X87Environment {
    /// Words of 16 bits, not 32.
    static final int NARROW = 1;

    /// Real-address or virtual-8086 mode: pointers are linear.
    static final int REAL = 2;

    private static final int REGISTER_BYTES = 80;

    private X87Environment() {}

    @ReadOnly
    public static long controlWord(Cpu cpu) {
        return cpu.fpu.controlWord;
    }

    @ReadOnly
    public static long statusWord(Cpu cpu) {
        return cpu.fpu.status();
    }

    /// FLDCW.
    public static void loadControlWord(Cpu cpu, int value) {
        cpu.fpu.control(value);
    }

    /// FNINIT.
    public static void initialize(Cpu cpu) {
        cpu.fpu.initialize();
    }

    /// FNCLEX.
    public static void clearExceptions(Cpu cpu) {
        cpu.fpu.statusWord &= ~(FloatFlags.EXCEPTIONS | FpuState.STACK_FAULT | FpuState.SUMMARY);
    }

    /// `address + displacement`, wrapping where linear addresses do.
    static long behind(Cpu cpu, long address, int displacement) {
        long sum = address + displacement;
        return cpu.is64() ? sum : sum & 0xFFFF_FFFFL;
    }

    /// As hardware does, the first word and the last byte: that is what a page fault reports.
    private static void probeWrite(Cpu cpu, long address, int form, int bytes) {
        cpu.probeWrite(address, wordBytes(form));
        cpu.probeWrite(behind(cpu, address, bytes - 1), 1);
    }

    private static void probeRead(Cpu cpu, long address, int form, int bytes) {
        cpu.probeRead(address, wordBytes(form));
        cpu.probeRead(behind(cpu, address, bytes - 1), 1);
    }

    /// Bytes of an environment.
    static int bytes(int form) {
        return 7 * wordBytes(form);
    }

    private static int wordBytes(int form) {
        return (form & NARROW) != 0 ? 2 : 4;
    }

    /// FNSTENV: then all exceptions are masked.
    public static void store(Cpu cpu, long address, int form) {
        probeWrite(cpu, address, form, bytes(form));
        storeWords(cpu, address, form);
        cpu.fpu.control(cpu.fpu.controlWord | FloatFlags.EXCEPTIONS);
    }

    /// FLDENV.
    public static void load(Cpu cpu, long address, int form) {
        probeRead(cpu, address, form, bytes(form));
        loadWords(cpu, address, form);
    }

    /// FNSAVE: then the state is initial.
    public static void save(Cpu cpu, long address, int form) {
        int start = bytes(form);
        probeWrite(cpu, address, form, start + REGISTER_BYTES);
        storeWords(cpu, address, form);
        var f = cpu.fpu;
        for (int index = 0; index < 8; index++) {
            X87Transfers.storeTen(
                    cpu,
                    behind(cpu, address, start + 10 * index),
                    f.significand(index),
                    f.signExponent(index));
        }
        f.initialize();
    }

    /// FRSTOR.
    public static void restore(Cpu cpu, long address, int form) {
        int start = bytes(form);
        probeRead(cpu, address, form, start + REGISTER_BYTES);
        loadWords(cpu, address, form);
        var f = cpu.fpu;
        for (int index = 0; index < 8; index++) {
            int register = f.top + index & 7;
            long at = behind(cpu, address, start + 10 * index);
            f.significands[register] = cpu.load64(at);
            f.signExponents[register] = (int) cpu.load16(behind(cpu, at, 8));
        }
    }

    /// Figures 8-9 to 8-12 of SDM vol. 1. Selectors are 0; what is reserved is ones.
    private static void storeWords(Cpu cpu, long address, int form) {
        var f = cpu.fpu;
        long ip = f.instructionPointer;
        long dp = f.dataPointer;
        boolean real = (form & REAL) != 0;
        if ((form & NARROW) != 0) {
            long ipHigh = real ? ip >>> 4 & 0xF000 | f.lastOpcode : 0;
            long dpHigh = real ? dp >>> 4 & 0xF000 : 0;
            long[] words = {f.controlWord, f.status(), tags(f), ip, ipHigh, dp, dpHigh};
            for (int index = 0; index < words.length; index++) {
                cpu.store16(behind(cpu, address, 2 * index), words[index] & 0xFFFF);
            }
            return;
        }
        long reserved = 0xFFFF_0000L;
        long[] words = {
            f.controlWord | reserved,
            f.status() | reserved,
            tags(f) | reserved,
            real ? ip & 0xFFFF | reserved : ip,
            real ? ip >>> 4 & 0xFFF_F000 | f.lastOpcode : (long) f.lastOpcode << 16,
            real ? dp & 0xFFFF | reserved : dp,
            real ? dp >>> 4 & 0xFFF_F000 : reserved
        };
        for (int index = 0; index < words.length; index++) {
            cpu.store32(behind(cpu, address, 4 * index), words[index] & 0xFFFF_FFFFL);
        }
    }

    private static void loadWords(Cpu cpu, long address, int form) {
        boolean narrow = (form & NARROW) != 0;
        boolean real = (form & REAL) != 0;
        var words = new long[7];
        for (int index = 0; index < words.length; index++) {
            words[index] =
                    narrow
                            ? cpu.load16(behind(cpu, address, 2 * index))
                            : cpu.load32(behind(cpu, address, 4 * index));
        }
        var f = cpu.fpu;
        f.control((int) words[0]);
        f.status((int) words[1]);
        f.occupied = abridged((int) words[2]);
        if (real) {
            int mask = narrow ? 0xF000 : 0xFFF_F000;
            f.instructionPointer = words[3] & 0xFFFF | (words[4] & mask) << 4;
            f.dataPointer = words[5] & 0xFFFF | (words[6] & mask) << 4;
            f.lastOpcode = (int) words[4] & 0x7FF;
        } else {
            f.instructionPointer = words[3];
            f.dataPointer = words[5];
            f.lastOpcode = narrow ? 0 : (int) (words[4] >>> 16) & 0x7FF;
        }
    }

    /// The tag word with two bits for each register (SDM vol. 1, 8.1.7).
    private static int tags(FpuState f) {
        int tags = 0;
        for (int register = 7; register >= 0; register--) {
            boolean empty = (f.occupied >>> register & 1) == 0;
            int tag = empty ? 3 : Float80.tag(f.significands[register], f.signExponents[register]);
            tags = tags << 2 | tag;
        }
        return tags;
    }

    private static int abridged(int tags) {
        int occupied = 0;
        for (int register = 0; register < 8; register++) {
            occupied |= (tags >>> 2 * register & 3) != 3 ? 1 << register : 0;
        }
        return occupied;
    }
}
