package org.xenolith.xen;

import static org.xenolith.xen.abi.XenAbi.*;

import org.xenolith.base.Bug;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.XenErrno;

import java.util.List;

/// The hypercall table: for each number, who may call it, how its arguments become an operation,
/// and who performs that.
final class Hypercalls {
    /// Kinds of guest, as the table tells them apart.
    private enum Guest {
        /// Paravirtualised: without a memory map of its own. There are none of them here.
        PV,
        /// With a memory map of its own, be it started as HVM or PVH.
        HVM
    }

    /// Copies the arguments into an operation, or refuses them.
    @FunctionalInterface
    private interface Parser<T> {
        T parse(Call call) throws Refusal;
    }

    /// Checks and acts.
    @FunctionalInterface
    private interface Performer<T> {
        HypercallResult perform(T operation, Call call) throws Refusal;
    }

    private record Row<T>(
            int number, String name, Parser<T> parser, Performer<T> performer, List<Guest> guests) {
        HypercallResult perform(Call call) throws Refusal {
            return performer.perform(parser.parse(call), call);
        }
    }

    /// `NR_hypercalls`.
    private static final int NUMBERS = 64;

    private final Row<?>[] rows = new Row<?>[NUMBERS];

    /// What performs the rows.
    record Parts(
            DomainSpec spec,
            MemoryOps memory,
            DomainLock lock,
            VcpuTimers timers,
            VersionOps version,
            OtherOps other,
            GrantTableOps grants,
            Vcpus vcpus,
            Scheduling scheduling,
            EventChannels events,
            HvmOps hvm) {}

    Hypercalls(Parts parts) {
        for (var row : table(parts)) {
            Bug.check(rows[row.number] == null, "a hypercall has one row");
            rows[row.number] = row;
        }
    }

    // spotless:off
    private List<Row<?>> table(Parts p) {
        int vcpus = p.spec.vcpus();
        var multicall = new Multicall(this);
        return List.of(
            pvOnly(__HYPERVISOR_set_trap_table,      "set_trap_table"),
            pvOnly(__HYPERVISOR_mmu_update,          "mmu_update"),
            pvOnly(__HYPERVISOR_set_gdt,             "set_gdt"),
            pvOnly(__HYPERVISOR_stack_switch,        "stack_switch"),
            pvOnly(__HYPERVISOR_set_callbacks,       "set_callbacks"),
            pvOnly(__HYPERVISOR_fpu_taskswitch,      "fpu_taskswitch"),
            pvOnly(__HYPERVISOR_sched_op_compat,     "sched_op_compat"),
            refused(__HYPERVISOR_platform_op,        "platform_op",       p.other::platform),
            pvOnly(__HYPERVISOR_set_debugreg,        "set_debugreg"),
            pvOnly(__HYPERVISOR_get_debugreg,        "get_debugreg"),
            pvOnly(__HYPERVISOR_update_descriptor,   "update_descriptor"),
            row(__HYPERVISOR_memory_op,              "memory_op",         MemoryOp::parse,                  p.memory::perform),
            row(__HYPERVISOR_multicall,              "multicall",         Multicall.Op::parse,              multicall::perform),
            pvOnly(__HYPERVISOR_update_va_mapping,   "update_va_mapping"),
            row(__HYPERVISOR_set_timer_op,           "set_timer_op",      Hypercalls::timeout,              (timeout, call) -> setTimer(p, timeout, call)),
            pvOnly(__HYPERVISOR_event_channel_op_compat, "event_channel_op_compat"),
            row(__HYPERVISOR_xen_version,            "xen_version",       VersionOps.Op::parse,             p.version::perform),
            row(__HYPERVISOR_console_io,             "console_io",        OtherOps.ConsoleWrite::parse,     p.other::write),
            pvOnly(__HYPERVISOR_physdev_op_compat,   "physdev_op_compat"),
            row(__HYPERVISOR_grant_table_op,         "grant_table_op",    GrantTableOp::parse,              p.grants::perform),
            row(__HYPERVISOR_vm_assist,              "vm_assist",         OtherOps.VmAssist::parse,         p.other::assist),
            pvOnly(__HYPERVISOR_update_va_mapping_otherdomain, "update_va_mapping_otherdomain"),
            pvOnly(__HYPERVISOR_iret,                "iret"),
            row(__HYPERVISOR_vcpu_op,                "vcpu_op",           call -> VcpuOp.parse(call, vcpus), p.vcpus::perform),
            pvOnly(__HYPERVISOR_set_segment_base,    "set_segment_base"),
            pvOnly(__HYPERVISOR_mmuext_op,           "mmuext_op"),
            pvOnly(__HYPERVISOR_nmi_op,              "nmi_op"),
            row(__HYPERVISOR_sched_op,               "sched_op",          SchedOp::parse,                   p.scheduling::perform),
            pvOnly(__HYPERVISOR_callback_op,         "callback_op"),
            row(__HYPERVISOR_event_channel_op,       "event_channel_op",  EventChannelOp::parse,            p.events::perform),
            refused(__HYPERVISOR_physdev_op,         "physdev_op",        p.other::physdev),
            row(__HYPERVISOR_hvm_op,                 "hvm_op",            HvmOp::parse,                     p.hvm::perform),
            refused(__HYPERVISOR_sysctl,             "sysctl",            p.other::toolInterface),
            refused(__HYPERVISOR_domctl,             "domctl",            p.other::toolInterface),
            pvOnly(__HYPERVISOR_kexec_op,            "kexec_op"),
            refused(__HYPERVISOR_xenpmu_op,          "xenpmu_op",         _ -> refuse(XenErrno.EOPNOTSUPP)),
            refused(__HYPERVISOR_dm_op,              "dm_op",             p.other::deviceModel),
            refused(__HYPERVISOR_hypfs_op,           "hypfs_op",          _ -> refuse(XenErrno.EPERM)),
            pvOnly(__HYPERVISOR_arch_0,              "mca"));
        // Not there at all, as in a Xen built without them: xsm_op, xenoprof_op, tmem_op, argo_op.
    }
    // spotless:on

    private static <T> Row<T> row(
            int number, String name, Parser<T> parser, Performer<T> performer) {
        return new Row<>(number, name, parser, performer, List.of(Guest.HVM));
    }

    /// A hypercall that guests may make, and that always comes to a refusal.
    private static Row<Call> refused(int number, String name, Parser<HypercallResult> refusal) {
        return row(number, name, call -> call, (call, _) -> refusal.parse(call));
    }

    private static Row<Call> pvOnly(int number, String name) {
        return new Row<>(
                number, name, call -> call, (_, _) -> refuse(XenErrno.ENOSYS), List.of(Guest.PV));
    }

    private static HypercallResult refuse(XenErrno errno) throws Refusal {
        throw Refusal.of(errno);
    }

    // 32-bit callers pass the two halves of the timeout.
    private static Long timeout(Call call) {
        return call.abi() == Abi.X86_64
                ? call.argument(1)
                : call.argument(1) | call.argument(2) << 32;
    }

    private static HypercallResult setTimer(Parts parts, long timeout, Call call) {
        parts.lock.run(() -> parts.timers.setTimerOp(call.vcpu(), timeout));
        return Call.ok();
    }

    /// Performs one hypercall of an HVM guest; whatever is wrong with it becomes its value.
    HypercallResult perform(Call call) {
        boolean exists = call.number() >= 0 && call.number() < NUMBERS;
        var row = exists ? rows[(int) call.number()] : null;
        if (row == null || !row.guests.contains(Guest.HVM)) {
            return inRegister(Call.value(XenErrno.ENOSYS.negative()), call.abi());
        }
        try {
            return inRegister(row.perform(call), call.abi());
        } catch (Refusal refusal) {
            return inRegister(Call.value(refusal.errno().negative()), call.abi());
        }
    }

    /// A result as the caller's register holds it.
    private static HypercallResult inRegister(HypercallResult result, Abi abi) {
        if (abi == Abi.X86_64 || result.value() >>> 32 == 0) {
            return result;
        }
        long value = result.value() & 0xFFFF_FFFFL;
        return switch (result) {
            case HypercallResult.Value _ -> new HypercallResult.Value(value);
            case HypercallResult.Yield _ -> new HypercallResult.Yield(value);
            case HypercallResult.Block _ -> new HypercallResult.Block(value);
            case HypercallResult.Down _ -> new HypercallResult.Down(value);
            case HypercallResult.Stop _ -> new HypercallResult.Stop(value);
        };
    }
}
