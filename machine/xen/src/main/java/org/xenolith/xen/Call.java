package org.xenolith.xen;

import org.xenolith.base.DomainId;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenErrno;

/// One hypercall under way: who calls, in which layout its structures are, with which arguments.
final class Call {
    /// List entries that one hypercall may work through, the calls of a multicall together. Xen
    /// would interrupt and continue a longer one; here it is cut short, see [#spend].
    static final int WORK_MAX = 1 << 18;

    private final VcpuContext caller;
    private final Abi abi;
    private final long number;
    private final long[] arguments;
    private final Budget budget;

    private static final class Budget {
        private int left = WORK_MAX;
    }

    private Call(VcpuContext caller, Abi abi, long number, long[] arguments, Budget budget) {
        this.caller = caller;
        this.abi = abi;
        this.number = number;
        this.arguments = arguments;
        this.budget = budget;
        if (abi == Abi.X86_32) {
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] &= 0xFFFF_FFFFL;
            }
        }
    }

    Call(VcpuContext caller, Abi abi, long number, long a1, long a2, long a3, long a4, long a5) {
        this(
                caller,
                abi,
                abi == Abi.X86_32 ? number & 0xFFFF_FFFFL : number,
                new long[] {a1, a2, a3, a4, a5},
                new Budget());
    }

    /// A call out of a multicall; shares this one's budget.
    Call sub(long number, long[] arguments) {
        return new Call(caller, abi, number, arguments, budget);
    }

    VcpuContext caller() {
        return caller;
    }

    /// Number of the calling vCPU.
    int vcpu() {
        return caller.id();
    }

    Abi abi() {
        return abi;
    }

    long number() {
        return number;
    }

    /// Argument `index`, from 1, zero-extended for 32-bit callers.
    long argument(int index) {
        return arguments[index - 1];
    }

    /// Argument `index` as a C `int`.
    int intArgument(int index) {
        return (int) arguments[index - 1];
    }

    /// Accounts for `entries` of a list. False if the hypercall has done all it may.
    boolean spend(int entries) {
        if (budget.left < entries) {
            return false;
        }
        budget.left -= entries;
        return true;
    }

    // ---------------------------------------------------------------- guest memory

    byte[] copyIn(long linear, int length) throws Refusal {
        var bytes = new byte[length];
        Refusal.unless(caller.copyIn(address(linear), bytes, 0, length), XenErrno.EFAULT);
        return bytes;
    }

    Struct.View copyIn(Struct struct, long linear) throws Refusal {
        return struct.view(abi, copyIn(linear, struct.size(abi)));
    }

    /// The structure at `linear`, the `index`th of an array.
    Struct.View copyIn(Struct struct, long linear, int index) throws Refusal {
        return copyIn(struct, linear + (long) index * struct.size(abi));
    }

    /// Element `index` of an array of `long`s, as wide as the caller's.
    long copyInLong(long linear, int index) throws Refusal {
        var bytes = copyIn(linear + (long) index * abi.longBytes(), abi.longBytes());
        long value = 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            value = value << 8 | bytes[i] & 0xFF;
        }
        return value;
    }

    void copyOut(long linear, byte[] bytes) throws Refusal {
        Refusal.unless(caller.copyOut(address(linear), bytes, 0, bytes.length), XenErrno.EFAULT);
    }

    void copyOut(long linear, Struct.View view) throws Refusal {
        copyOut(linear, view.bytes());
    }

    void copyOut(Struct struct, long linear, int index, Struct.View view) throws Refusal {
        copyOut(linear + (long) index * struct.size(abi), view.bytes());
    }

    /// Writes one member of the structure at `linear`.
    void copyOutField(Struct struct, long linear, String field, long value) throws Refusal {
        copyOutNumber(linear + struct.offset(abi, field), value, struct.bytes(abi, field));
    }

    /// A number of `width` bytes.
    void copyOutNumber(long linear, long value, int width) throws Refusal {
        var bytes = new byte[width];
        for (int i = 0; i < width; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        copyOut(linear, bytes);
    }

    /// The guest-physical address behind a linear one, or -1.
    long translate(long linear) {
        return caller.translate(address(linear));
    }

    private long address(long linear) {
        return abi == Abi.X86_32 ? linear & 0xFFFF_FFFFL : linear;
    }

    // ---------------------------------------------------------------- results

    static HypercallResult value(long value) {
        return new HypercallResult.Value(value);
    }

    static HypercallResult ok() {
        return value(0);
    }

    /// Checks that `domid` means the calling domain: itself by number or `DOMID_SELF`. The control
    /// domain exists but is none of the caller's business; no other is known.
    static void requireSelf(int domid, DomainId self) throws Refusal {
        if (domid != DomainId.SELF && domid != self.value()) {
            throw Refusal.of(domid == DomainId.CONTROL.value() ? XenErrno.EPERM : XenErrno.ESRCH);
        }
    }
}
