package org.xenolith.xen;

/// Registers with which a secondary vCPU begins (`struct vcpu_hvm_context`,
/// xen/include/public/hvm/hvm_vcpu.h). What is not named is as after reset.
public sealed interface VcpuStart {
    /// A segment of [Mode32]: `attributes` in the layout of the VMX access rights, less bits 11:8,
    /// which are bits 15:12 here closed up: type 3:0, S 4, DPL 6:5, P 7, AVL 8, L 9, D/B 10, G 11.
    /// `limit` is in bytes.
    record Segment(int base, int limit, int attributes) {}

    /// 16- or 32-bit mode, with or without paging, as `cr0` and the segments say.
    record Mode32(
            int eax,
            int ecx,
            int edx,
            int ebx,
            int esp,
            int ebp,
            int esi,
            int edi,
            int eip,
            int eflags,
            int cr0,
            int cr3,
            int cr4,
            long efer,
            Segment cs,
            Segment ds,
            Segment ss,
            Segment es,
            Segment tr)
            implements VcpuStart {}

    /// 64-bit mode with flat segments.
    record Mode64(
            long rax,
            long rcx,
            long rdx,
            long rbx,
            long rsp,
            long rbp,
            long rsi,
            long rdi,
            long rip,
            long rflags,
            long cr0,
            long cr3,
            long cr4,
            long efer)
            implements VcpuStart {}
}
