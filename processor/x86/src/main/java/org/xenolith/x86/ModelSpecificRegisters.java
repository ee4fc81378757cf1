package org.xenolith.x86;

import org.xenolith.engine.VcpuState.Msr;

import java.util.ArrayList;
import java.util.List;

/// The model-specific registers that the processor itself keeps, by the manual's tokens (SDM vol.
/// 4, chapter 2). Those of the local APIC and the hypervisor are outside.
public final class ModelSpecificRegisters {
    public static final int IA32_TSC = 0x10;
    public static final int IA32_EFER = 0xC000_0080;

    private static final int PLATFORM_ID = 0x17;
    private static final int TSC_ADJUST = 0x3B;
    private static final int SPEC_CTRL = 0x48;
    private static final int PRED_CMD = 0x49;
    private static final int MICROCODE = 0x8B;
    private static final int MTRRCAP = 0xFE;
    private static final int ARCH_CAPABILITIES = 0x10A;
    private static final int FLUSH_CMD = 0x10B;
    private static final int SYSENTER_CS = 0x174;
    private static final int SYSENTER_ESP = 0x175;
    private static final int SYSENTER_EIP = 0x176;
    private static final int MCG_CAP = 0x179;
    private static final int MCG_STATUS = 0x17A;
    private static final int MISC_ENABLE = 0x1A0;
    private static final int DEBUGCTL = 0x1D9;
    private static final int MTRR_VARIABLE = 0x200;
    private static final int PAT = 0x277;
    private static final int MTRR_DEF_TYPE = 0x2FF;
    private static final int STAR = 0xC000_0081;
    private static final int LSTAR = 0xC000_0082;
    private static final int CSTAR = 0xC000_0083;
    private static final int FMASK = 0xC000_0084;
    private static final int FS_BASE = 0xC000_0100;
    private static final int GS_BASE = 0xC000_0101;
    private static final int KERNEL_GS_BASE = 0xC000_0102;
    private static final int TSC_AUX = 0xC000_0103;

    private static final int[] MTRR_FIXED = {
        0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F
    };

    /// Variable MTRRs: 8 pairs; fixed ones; write-combining.
    private static final long MTRRCAP_VALUE = 8 | 1 << 8 | 1 << 10;

    /// This processor does not speculate: none of the listed weaknesses is there (SDM vol. 4,
    /// IA32_ARCH_CAPABILITIES: RDCL_NO, IBRS_ALL, SKIP_L1DFL, SSB_NO, MDS_NO, IF_PSCHANGE_MC_NO,
    /// TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO).
    public static final long ARCH_CAPABILITIES_VALUE =
            1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15
                    | 1 << 20 | 1 << 24 | 1 << 26 | 1 << 27 | 1L << 62;

    /// IBRS, STIBP, SSBD, BHI_DIS_S.
    private static final long SPEC_CTRL_WRITABLE = 7 | 1 << 10;

    private static final long EFER_WRITABLE =
            Bits.EFER_SCE | Bits.EFER_LME | Bits.EFER_LMA | Bits.EFER_NXE;

    public long cstar;
    public long sysenterCs;
    public long sysenterEsp;
    public long sysenterEip;
    private long pat = 0x0007_0406_0007_0406L;
    private long miscEnable = 1;
    private long mtrrDefType = 0xC06;
    private final long[] mtrrVariable = new long[16];
    private final long[] mtrrFixed = new long[MTRR_FIXED.length];
    private long specCtrl;
    private long debugCtl;
    private long mcgStatus;
    private long tscAdjust;

    /// RDMSR.
    static long read(Cpu cpu, int index) {
        var m = cpu.msrs;
        int fixed = fixedMtrr(index);
        if (fixed >= 0) {
            return m.mtrrFixed[fixed];
        }
        if (index >= MTRR_VARIABLE && index < MTRR_VARIABLE + 16) {
            return m.mtrrVariable[index - MTRR_VARIABLE];
        }
        return switch (index) {
            case IA32_TSC -> cpu.timeStampCounter();
            case IA32_EFER -> cpu.efer;
            case PLATFORM_ID -> 0;
            case TSC_ADJUST -> m.tscAdjust;
            case SPEC_CTRL -> m.specCtrl;
            case MICROCODE -> 1L << 32;
            case MTRRCAP -> MTRRCAP_VALUE;
            case ARCH_CAPABILITIES -> ARCH_CAPABILITIES_VALUE;
            case SYSENTER_CS -> m.sysenterCs;
            case SYSENTER_ESP -> m.sysenterEsp;
            case SYSENTER_EIP -> m.sysenterEip;
            case MCG_CAP -> 0;
            case MCG_STATUS -> m.mcgStatus;
            case MISC_ENABLE -> m.miscEnable;
            case DEBUGCTL -> m.debugCtl;
            case PAT -> m.pat;
            case MTRR_DEF_TYPE -> m.mtrrDefType;
            case STAR -> cpu.registers[Registers.STAR];
            case LSTAR -> cpu.registers[Registers.LSTAR];
            case CSTAR -> m.cstar;
            case FMASK -> cpu.registers[Registers.FMASK];
            case FS_BASE -> cpu.base(Segments.FS);
            case GS_BASE -> cpu.base(Segments.GS);
            case KERNEL_GS_BASE -> cpu.registers[Registers.KERNEL_GS_BASE];
            case TSC_AUX -> cpu.registers[Registers.TSC_AUX];
            default -> cpu.externalMsrRead(index);
        };
    }

    /// WRMSR.
    static void write(Cpu cpu, int index, long value) {
        if (!writeOwn(cpu, index, value)) {
            cpu.externalMsrWrite(index, value);
        }
    }

    private static boolean writeOwn(Cpu cpu, int index, long value) {
        var m = cpu.msrs;
        int fixed = fixedMtrr(index);
        if (fixed >= 0) {
            requireMemoryTypes(value, true);
            m.mtrrFixed[fixed] = value;
            return true;
        }
        if (index >= MTRR_VARIABLE && index < MTRR_VARIABLE + 16) {
            m.mtrrVariable[index - MTRR_VARIABLE] = value;
            return true;
        }
        switch (index) {
            case IA32_TSC -> {
                m.tscAdjust += value - cpu.timeStampCounter();
                cpu.setTimeStampCounter(value);
            }
            case TSC_ADJUST -> {
                cpu.setTimeStampCounter(cpu.timeStampCounter() + value - m.tscAdjust);
                m.tscAdjust = value;
            }
            case IA32_EFER -> writeEfer(cpu, value);
            case SPEC_CTRL -> {
                require((value & ~SPEC_CTRL_WRITABLE) == 0);
                m.specCtrl = value;
            }
            case PRED_CMD, FLUSH_CMD -> require((value & ~1L) == 0);
            case MICROCODE, MISC_ENABLE -> {
                if (index == MISC_ENABLE) {
                    m.miscEnable = value;
                }
            }
            case SYSENTER_CS -> m.sysenterCs = value;
            case SYSENTER_ESP -> m.sysenterEsp = canonical(value);
            case SYSENTER_EIP -> m.sysenterEip = canonical(value);
            case MCG_STATUS -> m.mcgStatus = value;
            case DEBUGCTL -> {
                require((value & ~3L) == 0);
                m.debugCtl = value;
            }
            case PAT -> {
                requireMemoryTypes(value, false);
                m.pat = value;
            }
            case MTRR_DEF_TYPE -> {
                require((value & ~0xCFFL) == 0);
                m.mtrrDefType = value;
            }
            case STAR -> {
                cpu.registers[Registers.STAR] = value;
                cpu.registers[Registers.STALE_SEGMENTS] = 0; // what was loaded before stays
            }
            case LSTAR -> cpu.registers[Registers.LSTAR] = canonical(value);
            case CSTAR -> m.cstar = canonical(value);
            case FMASK -> {
                cpu.registers[Registers.FMASK] = value & 0xFFFF_FFFFL;
                cpu.modeChanged();
            }
            case FS_BASE -> cpu.setBase(Segments.FS, canonical(value));
            case GS_BASE -> cpu.setBase(Segments.GS, canonical(value));
            case KERNEL_GS_BASE -> cpu.registers[Registers.KERNEL_GS_BASE] = canonical(value);
            case TSC_AUX -> {
                require(value >>> 32 == 0);
                cpu.registers[Registers.TSC_AUX] = value;
            }
            case PLATFORM_ID, MTRRCAP, ARCH_CAPABILITIES, MCG_CAP ->
                    throw Trap.generalProtection(0);
            default -> {
                return false;
            }
        }
        return true;
    }

    private static void writeEfer(Cpu cpu, long value) {
        require((value & ~EFER_WRITABLE) == 0);
        boolean paging = (cpu.cr0 & Bits.CR0_PG) != 0;
        require(!paging || ((cpu.efer ^ value) & Bits.EFER_LME) == 0);
        cpu.efer = value & ~Bits.EFER_LMA | cpu.efer & Bits.EFER_LMA;
        cpu.flushTlb(true);
        cpu.modeChanged();
    }

    private static int fixedMtrr(int index) {
        if (index < MTRR_FIXED[0] || index > 0x26F) {
            return -1;
        }
        for (int at = 0; at < MTRR_FIXED.length; at++) {
            if (MTRR_FIXED[at] == index) {
                return at;
            }
        }
        return -1;
    }

    /// Each byte is a memory type: 0, 1, 4, 5, 6 or, in the PAT, 7.
    private static void requireMemoryTypes(long value, boolean mtrr) {
        for (int shift = 0; shift < 64; shift += 8) {
            int type = (int) (value >>> shift) & 0xFF;
            require(type <= 1 || type >= 4 && type <= (mtrr ? 6 : 7));
        }
    }

    private static long canonical(long value) {
        require(value << 16 >> 16 == value);
        return value;
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw Trap.generalProtection(0);
        }
    }

    // ---------------------------------------------------------------- state

    private static final int[] KEPT = {
        TSC_ADJUST,
        SPEC_CTRL,
        SYSENTER_CS,
        SYSENTER_ESP,
        SYSENTER_EIP,
        MCG_STATUS,
        MISC_ENABLE,
        DEBUGCTL,
        PAT,
        MTRR_DEF_TYPE,
        STAR,
        LSTAR,
        CSTAR,
        FMASK,
        KERNEL_GS_BASE,
        TSC_AUX
    };

    /// All registers that are kept here and nowhere else.
    static List<Msr> list(Cpu cpu) {
        var list = new ArrayList<Msr>();
        for (int index : KEPT) {
            list.add(new Msr(index, read(cpu, index)));
        }
        for (int index = 0; index < 16; index++) {
            list.add(new Msr(MTRR_VARIABLE + index, cpu.msrs.mtrrVariable[index]));
        }
        for (int at = 0; at < MTRR_FIXED.length; at++) {
            list.add(new Msr(MTRR_FIXED[at], cpu.msrs.mtrrFixed[at]));
        }
        list.sort((one, other) -> Integer.compareUnsigned(one.index(), other.index()));
        return list;
    }

    /// Puts one of [#list] back; false if there is no such register or it cannot hold the value.
    static boolean restore(Cpu cpu, int index, long value) {
        if (index == TSC_ADJUST) {
            cpu.msrs.tscAdjust = value;
            return true;
        }
        try {
            return index != IA32_TSC && index != IA32_EFER && writeOwn(cpu, index, value);
        } catch (Trap refused) {
            return false;
        }
    }
}
