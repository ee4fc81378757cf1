package org.xenolith.xen;

import org.xenolith.xen.abi.HvmVcpuAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.VcpuAbi;
import org.xenolith.xen.abi.XenErrno;

/// `VCPUOP_*`, already copied out of guest memory. `vcpu` is one of the domain's.
sealed interface VcpuOp {
    int vcpu();

    /// `context` is a `struct vcpu_hvm_context`, not yet checked.
    record Initialise(int vcpu, Struct.View context) implements VcpuOp {}

    record Up(int vcpu) implements VcpuOp {}

    record Down(int vcpu) implements VcpuOp {}

    record IsUp(int vcpu) implements VcpuOp {}

    record GetRunstateInfo(int vcpu) implements VcpuOp {}

    record RegisterRunstateArea(int vcpu, long linear) implements VcpuOp {}

    record RegisterTimeArea(int vcpu, long linear) implements VcpuOp {}

    record SetPeriodicTimer(int vcpu, long nanos) implements VcpuOp {}

    record StopPeriodicTimer(int vcpu) implements VcpuOp {}

    record SetSingleshotTimer(int vcpu, long systemTime) implements VcpuOp {}

    record StopSingleshotTimer(int vcpu) implements VcpuOp {}

    record RegisterVcpuInfo(int vcpu, long gfn, int offset) implements VcpuOp {}

    record SendNmi(int vcpu) implements VcpuOp {}

    static VcpuOp parse(Call call, int vcpus) throws Refusal {
        int vcpu = call.intArgument(2);
        long at = call.argument(3);
        Refusal.unless(vcpu >= 0 && vcpu < vcpus, XenErrno.ENOENT);
        return switch (call.intArgument(1)) {
            case VcpuAbi.VCPUOP_initialise ->
                    new Initialise(vcpu, call.copyIn(HvmVcpuAbi.CONTEXT, at));
            case VcpuAbi.VCPUOP_up -> new Up(vcpu);
            case VcpuAbi.VCPUOP_down -> new Down(vcpu);
            case VcpuAbi.VCPUOP_is_up -> new IsUp(vcpu);
            case VcpuAbi.VCPUOP_get_runstate_info -> new GetRunstateInfo(vcpu);
            case VcpuAbi.VCPUOP_register_runstate_memory_area ->
                    new RegisterRunstateArea(vcpu, area(call, at));
            case VcpuAbi.VCPUOP_register_vcpu_time_memory_area ->
                    new RegisterTimeArea(vcpu, area(call, at));
            case VcpuAbi.VCPUOP_set_periodic_timer -> {
                long nanos = call.copyIn(VcpuAbi.SET_PERIODIC_TIMER, at).get("period_ns");
                Refusal.unless(VcpuTimers.isPeriod(nanos), XenErrno.EINVAL);
                yield new SetPeriodicTimer(vcpu, nanos);
            }
            case VcpuAbi.VCPUOP_stop_periodic_timer -> new StopPeriodicTimer(vcpu);
            case VcpuAbi.VCPUOP_set_singleshot_timer -> {
                Refusal.unless(vcpu == call.vcpu(), XenErrno.EINVAL);
                var in = call.copyIn(VcpuAbi.SET_SINGLESHOT_TIMER, at);
                yield new SetSingleshotTimer(vcpu, in.get("timeout_abs_ns"));
            }
            case VcpuAbi.VCPUOP_stop_singleshot_timer -> {
                Refusal.unless(vcpu == call.vcpu(), XenErrno.EINVAL);
                yield new StopSingleshotTimer(vcpu);
            }
            case VcpuAbi.VCPUOP_register_vcpu_info -> {
                var in = call.copyIn(VcpuAbi.REGISTER_VCPU_INFO, at);
                yield new RegisterVcpuInfo(vcpu, in.get("mfn"), in.getInt("offset"));
            }
            case VcpuAbi.VCPUOP_send_nmi -> {
                Refusal.unless(at == 0, XenErrno.EINVAL);
                yield new SendNmi(vcpu);
            }
            // Physical processor ids are for domains with pinned vCPUs.
            case VcpuAbi.VCPUOP_get_physid -> throw Refusal.of(XenErrno.EINVAL);
            default -> throw Refusal.of(XenErrno.ENOSYS);
        };
    }

    private static long area(Call call, long at) throws Refusal {
        return call.copyIn(VcpuAbi.REGISTER_MEMORY_AREA, at).get("addr.h");
    }
}
