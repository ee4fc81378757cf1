package org.xenolith.xen;

import org.xenolith.engine.CpuidTable;
import org.xenolith.xen.abi.CpuidAbi;

/// The CPUID leaves by which a guest finds Xen (xen/include/public/arch-x86/cpuid.h).
final class XenCpuid {
    /// `TSC_MODE_NEVER_EMULATE`: lets Linux prefer its TSC as clock source.
    private static final int TSC_MODE_NEVER_EMULATE = 2;

    private static final int TSC_IS_SAFE = 1 << 1;
    private static final int HYPERCALL_PAGES = 1;

    private XenCpuid() {}

    static CpuidTable.Builder add(CpuidTable.Builder builder, DomainSpec spec, int vcpu) {
        int base = CpuidAbi.XEN_CPUID_FIRST_LEAF;
        int khz = (int) spec.tscKilohertz();
        int features =
                CpuidAbi.XEN_HVM_CPUID_IOMMU_MAPPINGS
                        | CpuidAbi.XEN_HVM_CPUID_VCPU_ID_PRESENT
                        | CpuidAbi.XEN_HVM_CPUID_DOMID_PRESENT
                        | CpuidAbi.XEN_HVM_CPUID_UPCALL_VECTOR;
        return builder.leaf(
                        base,
                        base + CpuidAbi.XEN_CPUID_MAX_NUM_LEAVES,
                        CpuidAbi.XEN_CPUID_SIGNATURE_EBX,
                        CpuidAbi.XEN_CPUID_SIGNATURE_ECX,
                        CpuidAbi.XEN_CPUID_SIGNATURE_EDX)
                .leaf(base + 1, XenVersion.MAJOR << 16 | XenVersion.MINOR, 0, 0, 0)
                .leaf(base + 2, HYPERCALL_PAGES, CpuidAbi.HYPERCALL_PAGE_MSR, 0, 0)
                .subleaf(base + 3, 0, TSC_IS_SAFE, TSC_MODE_NEVER_EMULATE, khz, 0)
                .subleaf(base + 3, 1, 0, 0, PvClock.multiplier(khz), PvClock.shift(khz))
                .subleaf(base + 3, 2, khz, 0, 0, 0)
                .subleaf(base + 4, 0, features, vcpu, spec.id().value(), 0);
    }
}
