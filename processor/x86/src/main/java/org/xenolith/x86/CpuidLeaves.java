package org.xenolith.x86;

import org.xenolith.engine.CpuidTable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// What CPUID says of this processor: what [InstructionSet] implements, and nothing else (SDM vol.
/// 2A, CPUID). The hypervisor's own leaves are added by whoever provides them.
public final class CpuidLeaves {
    private static final String VENDOR = "GenuineIntel";
    private static final String BRAND = "Xenolith software processor (x86-64-v2)";

    /// Family 6, model 26, stepping 5: the first of the x86-64-v2 level.
    private static final int SIGNATURE = 0x000106A5;

    // Leaf 1 ECX.
    private static final int SSE3 = 1;
    private static final int PCLMULQDQ = 1 << 1;
    private static final int SSSE3 = 1 << 9;
    private static final int CX16 = 1 << 13;
    private static final int SSE4_1 = 1 << 19;
    private static final int SSE4_2 = 1 << 20;
    private static final int X2APIC = 1 << 21;
    private static final int POPCNT = 1 << 23;
    private static final int TSC_DEADLINE = 1 << 24;
    private static final int AES = 1 << 25;
    private static final int RDRAND = 1 << 30;
    private static final int HYPERVISOR = 1 << 31;

    // Leaf 1 EDX: FPU, DE, PSE, TSC, MSR, PAE, MCE, CX8, APIC, SEP, MTRR, PGE, MCA, CMOV, PAT,
    // PSE36, CLFSH, MMX, FXSR, SSE, SSE2.
    private static final int EDX_1 =
            1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 11
                    | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 19 | 1 << 23
                    | 1 << 24 | 1 << 25 | 1 << 26;

    private static final int HTT = 1 << 28;

    // Leaf 7 EBX: FSGSBASE, TSC_ADJUST, FDP_EXCPTN_ONLY, SMEP, ERMS, FCS and FDS deprecated,
    // RDSEED, SMAP. EDX: IBRS, L1D flush, ARCH_CAPABILITIES.
    private static final int EBX_7 =
            1 | 1 << 1 | 1 << 6 | 1 << 7 | 1 << 9 | 1 << 13 | 1 << 18 | 1 << 20;
    private static final int EDX_7 = 1 << 26 | 1 << 28 | 1 << 29;

    /// Leaf 7, sub-leaf 2, EDX: IA32_SPEC_CTRL.BHI_DIS_S, which spares kernels the loop that else
    /// clears the branch history at every entry, whatever BHI_NO says.
    private static final int BHI_CTRL = 1 << 4;

    // Leaf 80000001: ECX LAHF, PREFETCHW; EDX SYSCALL, NX, PDPE1GB, RDTSCP, LM.
    private static final int ECX_EXTENDED = 1 | 1 << 8;
    private static final int EDX_EXTENDED = 1 << 11 | 1 << 20 | 1 << 26 | 1 << 27 | 1 << 29;

    private CpuidLeaves() {}

    /// The leaves of one vCPU. `apicId` is its local APIC's, `vcpus` how many the machine has,
    /// `tscKhz` the frequency of its TSC.
    public static CpuidTable.Builder of(int apicId, int vcpus, int tscKhz) {
        var vendor = words(VENDOR, 3);
        int threads = Math.min(255, Math.max(1, 2 * vcpus));
        int multi = vcpus > 1 ? HTT : 0;
        int ebx1 = apicId << 24 | threads << 16 | 8 << 8;
        int ecx1 =
                SSE3
                        | PCLMULQDQ
                        | SSSE3
                        | CX16
                        | SSE4_1
                        | SSE4_2
                        | X2APIC
                        | POPCNT
                        | TSC_DEADLINE
                        | AES
                        | RDRAND
                        | HYPERVISOR;
        var builder = CpuidTable.builder();
        builder.leaf(0, 0x16, vendor[0], vendor[2], vendor[1])
                .leaf(1, SIGNATURE, ebx1, ecx1, EDX_1 | multi)
                .leaf(2, 1, 0, 0, 0)
                .subleaf(7, 0, 2, EBX_7, 0, EDX_7)
                .subleaf(7, 2, 0, 0, 0, BHI_CTRL);
        topology(builder, apicId, vcpus);
        builder.leaf(0x15, 1, 1, tscKhz * 1000, 0)
                .leaf(0x16, tscKhz / 1000, tscKhz / 1000, 100, 0)
                .leaf(0x8000_0000, 0x8000_0008, 0, 0, 0)
                .leaf(0x8000_0001, 0, 0, ECX_EXTENDED, EDX_EXTENDED)
                .leaf(0x8000_0007, 0, 0, 0, 1 << 8)
                .leaf(0x8000_0008, 48 << 8 | GuestPhysical.BITS, 0, 0, 0);
        var brand = words(BRAND, 12);
        for (int part = 0; part < 3; part++) {
            int at = part * 4;
            builder.leaf(
                    0x8000_0002 + part, brand[at], brand[at + 1], brand[at + 2], brand[at + 3]);
        }
        return builder;
    }

    /// Leaf 0xB: APIC ids are even, so one bit of each is the (single) thread's number.
    private static void topology(CpuidTable.Builder builder, int apicId, int vcpus) {
        int coreBits = 1 + bitsFor(vcpus);
        builder.subleaf(0xB, 0, 1, 1, 1 << 8, apicId);
        builder.subleaf(0xB, 1, coreBits, vcpus, 2 << 8 | 1, apicId);
        builder.subleaf(0xB, 2, 0, 0, 2, apicId);
    }

    private static int bitsFor(int count) {
        return count <= 1 ? 0 : 32 - Integer.numberOfLeadingZeros(count - 1);
    }

    private static int[] words(String text, int count) {
        var bytes = ByteBuffer.allocate(count * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(text.getBytes(StandardCharsets.US_ASCII));
        var words = new int[count];
        for (int index = 0; index < count; index++) {
            words[index] = bytes.getInt(index * 4);
        }
        return words;
    }
}
