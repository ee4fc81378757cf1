package org.xenolith.xen;

import org.xenolith.base.DomainId;
import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xen.abi.SchedAbi;
import org.xenolith.xen.abi.XenErrno;

/// Operations of HVM and PVH guests (`HVMOP_*`, xen/include/public/hvm/hvm_op.h).
final class HvmOps {
    private static final int APIC_VECTOR_MIN = 0x10;

    private final DomainId self;
    private final int vcpus;
    private final DomainLock lock;
    private final HvmParams params;
    private final SharedInfo shared;
    private final Upcalls upcalls;
    private final DomainTime time;
    private final PhysicalMap physical;
    private final Scheduling scheduling;

    HvmOps(
            DomainSpec spec,
            DomainLock lock,
            HvmParams params,
            SharedInfo shared,
            Upcalls upcalls,
            DomainTime time,
            PhysicalMap physical,
            Scheduling scheduling) {
        this.self = spec.id();
        this.vcpus = spec.vcpus();
        this.lock = lock;
        this.params = params;
        this.shared = shared;
        this.upcalls = upcalls;
        this.time = time;
        this.physical = physical;
        this.scheduling = scheduling;
    }

    HypercallResult perform(HvmOp op, Call call) throws Refusal {
        long at = call.argument(2);
        return switch (op) {
            case HvmOp.SetParam set -> lock.hold(() -> set(set, call));
            case HvmOp.GetParam(int domain, int index) -> {
                Call.requireSelf(domain, self);
                long value = lock.hold(() -> params.checkGet(index));
                call.copyOutField(HvmAbi.PARAM, at, "value", value);
                yield Call.ok();
            }
            // Translations are looked after by whoever changes the memory map.
            case HvmOp.FlushTlbs _ -> Call.ok();
            case HvmOp.PagetableDying(int domain) -> {
                Refusal.unless(
                        domain == DomainId.SELF || domain == self.value(),
                        domain == DomainId.CONTROL.value() ? XenErrno.EOPNOTSUPP : XenErrno.ESRCH);
                // Only shadow paging has use for it.
                throw Refusal.of(XenErrno.EINVAL);
            }
            case HvmOp.GetTime _ -> {
                call.copyOut(at, HvmAbi.GET_TIME.blank(call.abi()).set("now", time.now()));
                yield Call.ok();
            }
            case HvmOp.Trace _, HvmOp.GuestRequestVmEvent _ -> Call.ok();
            case HvmOp.GetMemType(int domain, long gfn) -> {
                Call.requireSelf(domain, self);
                boolean ram = lock.hold(() -> physical.isMapped(gfn));
                int type = ram ? HvmAbi.HVMMEM_ram_rw : HvmAbi.HVMMEM_mmio_dm;
                call.copyOutField(HvmAbi.GET_MEM_TYPE, at, "mem_type", type);
                yield Call.ok();
            }
            case HvmOp.SetUpcallVector(int vcpu, int vector) -> {
                Refusal.unless(vector >= APIC_VECTOR_MIN, XenErrno.EINVAL);
                Refusal.unless(vcpu >= 0 && vcpu < vcpus, XenErrno.ENOENT);
                lock.run(() -> upcalls.setApicVector(vcpu, vector));
                yield Call.ok();
            }
        };
    }

    private HypercallResult set(HvmOp.SetParam op, Call call) throws Refusal {
        Call.requireSelf(op.domain(), self);
        long value;
        try {
            value = params.checkSet(op.index(), op.value());
        } catch (Refusal refusal) {
            if (refusal.errno() != XenErrno.EFAULT) {
                throw refusal;
            }
            scheduling.shutDown(SchedAbi.SHUTDOWN_crash);
            return new HypercallResult.Stop(XenErrno.EINVAL.negative());
        }
        params.set(HvmParams.placeOf(op.index()), value);
        if (op.index() == HvmAbi.HVM_PARAM_CALLBACK_IRQ) {
            upcalls.setCallback(value);
            latch(call);
        }
        return Call.ok();
    }

    /// Takes the caller's mode for the layout of the shared info page.
    void latch(Call call) {
        lock.check();
        shared.latch(call.abi());
        writeWallClock();
    }

    void writeWallClock() {
        long wall = time.wallNanosAtZero();
        shared.setWallClock(
                Math.floorDiv(wall, 1_000_000_000L), (int) Math.floorMod(wall, 1_000_000_000L));
    }
}
