package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.Arrays;
import java.util.List;

/// The HVM parameters of a domain, and which of them it may read and write itself
/// (xen/include/public/hvm/params.h). Guarded by the domain's lock.
final class HvmParams {
    /// Bytes of a 32-bit TSS, the least that a vm86 TSS may have; and the most that makes sense,
    /// with both its bitmaps and a closing byte.
    private static final int TSS_BYTES_MIN = 104;

    private static final int TSS_BYTES_MAX = TSS_BYTES_MIN + 0x100 / 8 + 0x10000 / 8 + 1;
    private static final int OLD_LOADER_TSS_BYTES = 128;

    // Numbers that the headers keep only as comments: parameters that no longer exist.
    private static final int PAE_ENABLED = 4;
    private static final int DM_DOMAIN = 13;
    private static final int MEMORY_EVENT_CR0 = 20;
    private static final int BUFIOREQ_EVTCHN = 26;
    private static final int MEMORY_EVENT_MSR = 30;

    private final long[] values = new long[HvmAbi.HVM_NR_PARAMS];

    /// Sets `index` on behalf of the tool stack.
    void set(int index, long value) {
        values[index] = value;
    }

    long get(int index) {
        return values[index];
    }

    /// Checks that a guest may set `index` and returns the value to store. A value that makes Xen
    /// crash the domain is refused with `EFAULT`, which no other is.
    long checkSet(int index, long value) throws Refusal {
        return switch (index) {
            case HvmAbi.HVM_PARAM_CALLBACK_IRQ,
                    HvmAbi.HVM_PARAM_VM_GENERATION_ID_ADDR,
                    HvmAbi.HVM_PARAM_STORE_EVTCHN,
                    HvmAbi.HVM_PARAM_CONSOLE_EVTCHN ->
                    value;
            case HvmAbi.HVM_PARAM_X87_FIP_WIDTH -> {
                Refusal.unless(value == 0 || value == 4 || value == 8, XenErrno.EINVAL);
                yield value;
            }
            // There is no ACPI power-management timer.
            case HvmAbi.HVM_PARAM_ACPI_IOPORTS_LOCATION -> throw Refusal.of(XenErrno.ENODEV);
            case HvmAbi.HVM_PARAM_VM86_TSS -> {
                Refusal.unless(value >>> 32 == 0, XenErrno.EFAULT);
                yield value == 0 ? 0 : value | (long) OLD_LOADER_TSS_BYTES << 32;
            }
            case HvmAbi.HVM_PARAM_VM86_TSS_SIZED -> {
                long bytes = value >>> 32;
                Refusal.unless(bytes >= TSS_BYTES_MIN, XenErrno.EFAULT);
                yield value & 0xFFFF_FFFFL | Math.min(bytes, TSS_BYTES_MAX) << 32;
            }
            case HvmAbi.HVM_PARAM_ALTP2M -> throw Refusal.of(XenErrno.EEXIST);
            default -> throw notForGuests(index);
        };
    }

    /// Where a checked value is stored: the two forms of the vm86 TSS share a place.
    static int placeOf(int index) {
        return index == HvmAbi.HVM_PARAM_VM86_TSS ? HvmAbi.HVM_PARAM_VM86_TSS_SIZED : index;
    }

    /// What a guest reads.
    long checkGet(int index) throws Refusal {
        return switch (index) {
            case HvmAbi.HVM_PARAM_CALLBACK_IRQ,
                    HvmAbi.HVM_PARAM_VM86_TSS_SIZED,
                    HvmAbi.HVM_PARAM_ACPI_IOPORTS_LOCATION,
                    HvmAbi.HVM_PARAM_VM_GENERATION_ID_ADDR,
                    HvmAbi.HVM_PARAM_STORE_PFN,
                    HvmAbi.HVM_PARAM_STORE_EVTCHN,
                    HvmAbi.HVM_PARAM_CONSOLE_PFN,
                    HvmAbi.HVM_PARAM_CONSOLE_EVTCHN,
                    HvmAbi.HVM_PARAM_ALTP2M,
                    HvmAbi.HVM_PARAM_X87_FIP_WIDTH ->
                    values[index];
            case HvmAbi.HVM_PARAM_VM86_TSS ->
                    values[HvmAbi.HVM_PARAM_VM86_TSS_SIZED] & 0xFFFF_FFFFL;
            default -> throw notForGuests(index);
        };
    }

    private static Refusal notForGuests(int index) {
        boolean gone =
                index == PAE_ENABLED
                        || index == DM_DOMAIN
                        || index >= MEMORY_EVENT_CR0 && index <= BUFIOREQ_EVTCHN
                        || index == MEMORY_EVENT_MSR;
        return Refusal.of(gone ? XenErrno.EINVAL : XenErrno.EPERM);
    }

    record State(List<Long> values) {
        State {
            values = List.copyOf(values);
            require(values.size() == HvmAbi.HVM_NR_PARAMS, "there are 39 HVM parameters");
        }
    }

    State capture() {
        return new State(Arrays.stream(values).boxed().toList());
    }

    void restore(State state) {
        for (int i = 0; i < values.length; i++) {
            values[i] = state.values.get(i);
        }
    }
}
