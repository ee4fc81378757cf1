package org.xenolith.xen.abi;

/// Xen's CPUID leaves (xen/include/public/arch-x86/cpuid.h).
public final class CpuidAbi {
    public static final int XEN_CPUID_FIRST_LEAF = 0x40000000;
    public static final int XEN_CPUID_SIGNATURE_EBX = 0x566E6558;
    public static final int XEN_CPUID_SIGNATURE_ECX = 0x65584D4D;
    public static final int XEN_CPUID_SIGNATURE_EDX = 0x4D4D566E;
    public static final int XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD = 0x1;
    public static final int XEN_HVM_CPUID_APIC_ACCESS_VIRT = 0x1;
    public static final int XEN_HVM_CPUID_X2APIC_VIRT = 0x2;
    public static final int XEN_HVM_CPUID_IOMMU_MAPPINGS = 0x4;
    public static final int XEN_HVM_CPUID_VCPU_ID_PRESENT = 0x8;
    public static final int XEN_HVM_CPUID_DOMID_PRESENT = 0x10;
    public static final int XEN_HVM_CPUID_EXT_DEST_ID = 0x20;
    public static final int XEN_HVM_CPUID_UPCALL_VECTOR = 0x40;
    public static final int XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK = 0xFF;
    public static final int XEN_CPUID_MAX_NUM_LEAVES = 0x5;

    /// The MSR of the hypercall page, when there is no viridian interface at the first leaf.
    public static final int HYPERCALL_PAGE_MSR = 0x40000000;

    private CpuidAbi() {}
}
