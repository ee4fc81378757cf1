package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.nested;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.union;

/// The start context of a vCPU (xen/include/public/hvm/hvm_vcpu.h).
public final class HvmVcpuAbi {
    public static final int VCPU_HVM_MODE_32B = 0;
    public static final int VCPU_HVM_MODE_64B = 1;

    public static final Struct REGISTERS_32 =
            struct(
                    "struct vcpu_hvm_x86_32",
                    u32("eax"),
                    u32("ecx"),
                    u32("edx"),
                    u32("ebx"),
                    u32("esp"),
                    u32("ebp"),
                    u32("esi"),
                    u32("edi"),
                    u32("eip"),
                    u32("eflags"),
                    u32("cr0"),
                    u32("cr3"),
                    u32("cr4"),
                    u32("pad1"),
                    u64("efer"),
                    u32("cs_base"),
                    u32("ds_base"),
                    u32("ss_base"),
                    u32("es_base"),
                    u32("tr_base"),
                    u32("cs_limit"),
                    u32("ds_limit"),
                    u32("ss_limit"),
                    u32("es_limit"),
                    u32("tr_limit"),
                    u16("cs_ar"),
                    u16("ds_ar"),
                    u16("ss_ar"),
                    u16("es_ar"),
                    u16("tr_ar"),
                    array(3, u16("pad2")));

    public static final Struct REGISTERS_64 =
            struct(
                    "struct vcpu_hvm_x86_64",
                    u64("rax"),
                    u64("rcx"),
                    u64("rdx"),
                    u64("rbx"),
                    u64("rsp"),
                    u64("rbp"),
                    u64("rsi"),
                    u64("rdi"),
                    u64("rip"),
                    u64("rflags"),
                    u64("cr0"),
                    u64("cr3"),
                    u64("cr4"),
                    u64("efer"));

    public static final Struct CONTEXT =
            struct(
                    "struct vcpu_hvm_context",
                    u32("mode"),
                    u32("pad"),
                    nested(
                            "cpu_regs",
                            union(
                                    "anonymous",
                                    nested("x86_32", REGISTERS_32),
                                    nested("x86_64", REGISTERS_64))));

    private HvmVcpuAbi() {}
}
