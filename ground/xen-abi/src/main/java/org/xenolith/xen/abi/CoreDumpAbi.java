package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.nested;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.u8;
import static org.xenolith.xen.abi.Struct.ulong;

/// What a core file of Xen's tools is made of (xen/include/public/elfnote.h, arch-x86/xen.h,
/// tools/include/xenctrl.h, docs/misc/dump-core-format.txt). Layouts are those of 64-bit mode
/// alone.
public final class CoreDumpAbi {
    public static final int XEN_ELFNOTE_DUMPCORE_NONE = 0x2000000;
    public static final int XEN_ELFNOTE_DUMPCORE_HEADER = 0x2000001;
    public static final int XEN_ELFNOTE_DUMPCORE_XEN_VERSION = 0x2000002;
    public static final int XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION = 0x2000003;

    public static final int XC_CORE_MAGIC_HVM = 0xF00FEBEE;

    public static final int VGCF_i387_valid = 1;
    public static final int VGCF_online = 1 << 5;

    public static final Struct USER_REGS =
            struct(
                    "struct cpu_user_regs",
                    u64("r15"),
                    u64("r14"),
                    u64("r13"),
                    u64("r12"),
                    u64("rbp"),
                    u64("rbx"),
                    u64("r11"),
                    u64("r10"),
                    u64("r9"),
                    u64("r8"),
                    u64("rax"),
                    u64("rcx"),
                    u64("rdx"),
                    u64("rsi"),
                    u64("rdi"),
                    u32("error_code"),
                    u32("entry_vector"),
                    u64("rip"),
                    u16("cs"),
                    u16("_pad0"),
                    u8("saved_upcall_mask"),
                    array(3, u8("_pad1")),
                    u64("rflags"),
                    u64("rsp"),
                    u16("ss"),
                    array(3, u16("_pad2")),
                    u16("es"),
                    array(3, u16("_pad3")),
                    u16("ds"),
                    array(3, u16("_pad4")),
                    u16("fs"),
                    array(3, u16("_pad5")),
                    u16("gs"),
                    array(3, u16("_pad6")));

    public static final Struct VCPU_GUEST_CONTEXT =
            struct(
                    "struct vcpu_guest_context",
                    nested("fpu_ctxt", struct("anonymous", array(512, u8("x")))),
                    ulong("flags"),
                    nested("user_regs", USER_REGS),
                    array(512, u64("trap_ctxt")),
                    ulong("ldt_base"),
                    ulong("ldt_ents"),
                    array(16, ulong("gdt_frames")),
                    ulong("gdt_ents"),
                    ulong("kernel_ss"),
                    ulong("kernel_sp"),
                    array(8, ulong("ctrlreg")),
                    array(8, ulong("debugreg")),
                    ulong("event_callback_eip"),
                    ulong("failsafe_callback_eip"),
                    ulong("syscall_callback_eip"),
                    ulong("vm_assist"),
                    u64("fs_base"),
                    u64("gs_base_kernel"),
                    u64("gs_base_user"));

    private CoreDumpAbi() {}
}
