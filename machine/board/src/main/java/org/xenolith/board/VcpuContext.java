package org.xenolith.board;

import static org.xenolith.xen.abi.CoreDumpAbi.VCPU_GUEST_CONTEXT;

import org.xenolith.engine.VcpuState;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.CoreDumpAbi;
import org.xenolith.xen.abi.Struct;

/// The state of a vCPU as a core file has it: `struct vcpu_guest_context`, filled as Xen fills it
/// for HVM domains (`arch_get_info_guest`).
final class VcpuContext {
    private static final String[] GENERAL = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
        "r13", "r14", "r15"
    };

    /// IA32_KERNEL_GS_BASE.
    private static final int KERNEL_GS_BASE = 0xC000_0102;

    private VcpuContext() {}

    static byte[] of(VcpuState state, boolean online) {
        var context = VCPU_GUEST_CONTEXT.blank(Abi.X86_64);
        for (int i = 0; i < VcpuState.FXSAVE_BYTES; i++) {
            context.set("fpu_ctxt.x", i, state.fxsave().get(i));
        }
        context.set("flags", CoreDumpAbi.VGCF_i387_valid | (online ? CoreDumpAbi.VGCF_online : 0));
        registers(context, state);
        control(context, state);
        bases(context, state);
        return context.bytes();
    }

    private static void registers(Struct.View context, VcpuState state) {
        var general = state.general();
        for (int i = 0; i < GENERAL.length; i++) {
            context.set("user_regs." + GENERAL[i], general.registers().get(i));
        }
        context.set("user_regs.rip", general.rip()).set("user_regs.rflags", general.rflags());
        var segments = state.segments();
        context.set("user_regs.cs", segments.cs().selector())
                .set("user_regs.ss", segments.ss().selector())
                .set("user_regs.ds", segments.ds().selector())
                .set("user_regs.es", segments.es().selector())
                .set("user_regs.fs", segments.fs().selector())
                .set("user_regs.gs", segments.gs().selector());
    }

    private static void control(Struct.View context, VcpuState state) {
        var control = state.control();
        context.set("ctrlreg", 0, control.cr0())
                .set("ctrlreg", 2, control.cr2())
                .set("ctrlreg", 3, control.cr3())
                .set("ctrlreg", 4, control.cr4());
        var debug = state.debug();
        context.set("debugreg", 0, debug.dr0())
                .set("debugreg", 1, debug.dr1())
                .set("debugreg", 2, debug.dr2())
                .set("debugreg", 3, debug.dr3())
                .set("debugreg", 6, debug.dr6())
                .set("debugreg", 7, debug.dr7());
    }

    /// In the kernel the base of GS is the kernel's, and SWAPGS has put the user's away.
    private static void bases(Struct.View context, VcpuState state) {
        long gs = state.segments().gs().base();
        long other =
                state.msrs().registers().stream()
                        .filter(msr -> msr.index() == KERNEL_GS_BASE)
                        .mapToLong(VcpuState.Msr::value)
                        .findFirst()
                        .orElse(0);
        boolean kernel = (state.segments().cs().selector() & 3) == 0;
        context.set("fs_base", state.segments().fs().base())
                .set("gs_base_kernel", kernel ? gs : other)
                .set("gs_base_user", kernel ? other : gs);
    }
}
