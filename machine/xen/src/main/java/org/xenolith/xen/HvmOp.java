package org.xenolith.xen;

import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xen.abi.XenErrno;

/// `HVMOP_*`, already copied out of guest memory.
sealed interface HvmOp {
    record SetParam(int domain, int index, long value) implements HvmOp {}

    record GetParam(int domain, int index) implements HvmOp {}

    record FlushTlbs() implements HvmOp {}

    record PagetableDying(int domain) implements HvmOp {}

    record GetTime() implements HvmOp {}

    record Trace() implements HvmOp {}

    record GetMemType(int domain, long gfn) implements HvmOp {}

    record SetUpcallVector(int vcpu, int vector) implements HvmOp {}

    record GuestRequestVmEvent() implements HvmOp {}

    static HvmOp parse(Call call) throws Refusal {
        long at = call.argument(2);
        // The command is a C long: nothing in its upper half is cut off.
        if (call.argument(1) != call.intArgument(1)) {
            throw Refusal.of(XenErrno.ENOSYS);
        }
        return switch (call.intArgument(1)) {
            case HvmAbi.HVMOP_set_param -> {
                var in = call.copyIn(HvmAbi.PARAM, at);
                yield new SetParam(in.getInt("domid"), index(in.get("index")), in.get("value"));
            }
            case HvmAbi.HVMOP_get_param -> {
                var in = call.copyIn(HvmAbi.PARAM, at);
                yield new GetParam(in.getInt("domid"), index(in.get("index")));
            }
            case HvmAbi.HVMOP_flush_tlbs -> {
                Refusal.unless(at == 0, XenErrno.EINVAL);
                yield new FlushTlbs();
            }
            case HvmAbi.HVMOP_pagetable_dying ->
                    new PagetableDying(call.copyIn(HvmAbi.PAGETABLE_DYING, at).getInt("domid"));
            case HvmAbi.HVMOP_get_time -> new GetTime();
            case HvmAbi.HVMOP_xentrace -> {
                var in = call.copyIn(HvmAbi.XENTRACE, at);
                int bytes = in.getInt("extra_bytes");
                Refusal.unless(
                        bytes % Integer.BYTES == 0 && bytes <= 28 && in.get("event") >>> 12 == 0,
                        XenErrno.EINVAL);
                yield new Trace();
            }
            case HvmAbi.HVMOP_get_mem_type -> {
                var in = call.copyIn(HvmAbi.GET_MEM_TYPE, at);
                yield new GetMemType(in.getInt("domid"), in.get("pfn"));
            }
            case HvmAbi.HVMOP_set_evtchn_upcall_vector -> {
                var in = call.copyIn(HvmAbi.EVTCHN_UPCALL_VECTOR, at);
                yield new SetUpcallVector(in.getInt("vcpu"), in.getInt("vector"));
            }
            case HvmAbi.HVMOP_guest_request_vm_event -> {
                Refusal.unless(at == 0, XenErrno.EINVAL);
                yield new GuestRequestVmEvent();
            }
            // Alternate views of memory are not offered.
            case HvmAbi.HVMOP_altp2m -> throw Refusal.of(XenErrno.EOPNOTSUPP);
            default -> throw Refusal.of(XenErrno.ENOSYS);
        };
    }

    private static int index(long index) throws Refusal {
        Refusal.unless(index < HvmAbi.HVM_NR_PARAMS, XenErrno.EINVAL);
        return (int) index;
    }
}
