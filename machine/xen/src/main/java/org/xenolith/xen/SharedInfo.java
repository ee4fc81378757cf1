package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/// The shared info page and the `vcpu_info` of each vCPU, wherever the guest has put it (`struct
/// shared_info`, xen/include/public/xen.h). Guarded by the domain's lock, but for [#upcallPending].
///
/// The layout follows the mode of the vCPU that last wrote `HVM_PARAM_CALLBACK_IRQ` or asked for a
/// hypercall page, as in Xen.
final class SharedInfo {
    /// Not registered: the `vcpu_info` is in the shared info page, or nowhere.
    static final long IN_PAGE = -1;

    private static final int UPCALL_PENDING = 1;

    private final GuestMemory memory;
    private final Words words;
    private final SpecialPage page;

    /// Guest-physical addresses; atomic for the reader without lock.
    private final AtomicLongArray registered;

    private volatile Abi layout = Abi.X86_64;

    SharedInfo(GuestMemory memory, Words words, int vcpus) {
        this.memory = memory;
        this.words = words;
        this.page = SpecialPage.allocate(memory);
        Bug.check(page != null, "there is a frame for the shared info page");
        this.registered = new AtomicLongArray(vcpus);
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            registered.set(vcpu, IN_PAGE);
        }
    }

    SpecialPage page() {
        return page;
    }

    Abi layout() {
        return layout;
    }

    void latch(Abi abi) {
        layout = abi;
    }

    /// Bits in a word of the event bitmaps, and so in a vCPU's selector.
    int bitsPerWord() {
        return layout.longBytes() * 8;
    }

    long pendingBitmap() {
        return page.place() + XenAbi.sharedInfoOffset(layout, "evtchn_pending");
    }

    long maskBitmap() {
        return page.place() + XenAbi.sharedInfoOffset(layout, "evtchn_mask");
    }

    /// Where the `vcpu_info` is; [Words#NOWHERE] for a vCPU beyond the first 32 that has not
    /// registered one.
    long vcpuInfo(int vcpu) {
        long gpa = registered.get(vcpu);
        if (gpa != IN_PAGE) {
            return words.at(gpa);
        }
        return vcpu < XenAbi.XEN_LEGACY_MAX_VCPUS
                ? page.place() + (long) vcpu * XenAbi.VCPU_INFO_BYTES
                : Words.NOWHERE;
    }

    /// Where the vCPU's `time` is, or [Words#NOWHERE].
    long time(int vcpu) {
        long info = vcpuInfo(vcpu);
        return info < 0 ? info : info + XenAbi.VCPU_INFO_TIME_OFFSET;
    }

    /// The bitmap of the vCPU's selector, or [Words#NOWHERE].
    long selector(int vcpu) {
        long info = vcpuInfo(vcpu);
        return info < 0 ? info : info + XenAbi.VCPU_INFO.offset(layout, "evtchn_pending_sel");
    }

    /// Whether the vCPU has been told of events and has not yet taken notice. May be called without
    /// the lock, from the vCPU's own thread.
    boolean upcallPending(int vcpu) {
        return (words.get(vcpuInfo(vcpu)) & 0xFF) != 0;
    }

    /// Sets `evtchn_upcall_pending`; returns whether it was set before.
    boolean setUpcallPending(int vcpu) {
        return (words.setBits(vcpuInfo(vcpu), UPCALL_PENDING) & UPCALL_PENDING) != 0;
    }

    /// Moves the vCPU's `vcpu_info` to a page of the guest's choice, once, with its content; marks
    /// all words as selected, so that no event is lost on the way.
    void register(int vcpu, long gpa) throws Refusal {
        Refusal.unless(registered.get(vcpu) == IN_PAGE, XenErrno.EBUSY);
        Refusal.unless(
                (gpa & (Sizes.PAGE_BYTES - 1)) <= Sizes.PAGE_BYTES - XenAbi.VCPU_INFO_BYTES
                        && gpa % layout.longBytes() == 0,
                XenErrno.ENXIO);
        Refusal.unless(words.at(gpa) >= 0, XenErrno.EINVAL);
        long old = vcpuInfo(vcpu);
        for (int offset = 0; offset < XenAbi.VCPU_INFO_BYTES; offset += Integer.BYTES) {
            memory.writeInt(gpa + offset, words.get(old < 0 ? old : old + offset));
        }
        if (old < 0) {
            memory.writeByte(gpa + 1, 1);
        }
        registered.set(vcpu, gpa);
        long selector = selector(vcpu);
        for (int offset = 0; offset < layout.longBytes(); offset += Integer.BYTES) {
            words.set(selector + offset, -1);
        }
    }

    /// Writes the time of day at system time 0: seconds and nanoseconds since 1970.
    void setWallClock(long seconds, int nanos) {
        long start = page.place();
        long version = start + XenAbi.sharedInfoOffset(layout, "wc_version");
        int begun = words.get(version) + 1 | 1;
        words.set(version, begun);
        words.set(start + XenAbi.sharedInfoOffset(layout, "wc_sec"), (int) seconds);
        words.set(start + XenAbi.sharedInfoOffset(layout, "wc_nsec"), nanos);
        long high =
                layout == Abi.X86_64
                        ? XenAbi.sharedInfoOffset(layout, "wc_sec_hi")
                        : XenAbi.SHARED_INFO_WC_SEC_HI_OFFSET_32;
        words.set(start + high, (int) (seconds >>> 32));
        words.set(version, begun + 1);
    }

    // ---------------------------------------------------------------- state

    /// `vcpuInfoAddresses` holds a guest-physical address for each vCPU, or [#IN_PAGE].
    record State(SpecialPage.State page, boolean layout32, List<Long> vcpuInfoAddresses) {
        State {
            vcpuInfoAddresses = List.copyOf(vcpuInfoAddresses);
            for (long gpa : vcpuInfoAddresses) {
                require(
                        gpa == IN_PAGE
                                || gpa % 4 == 0
                                        && GuestMemory.isAddressable(gpa >>> Sizes.PAGE_SHIFT),
                        "a vcpu_info is within guest memory");
            }
        }
    }

    State capture() {
        return new State(
                page.capture(),
                layout == Abi.X86_32,
                IntStream.range(0, registered.length()).mapToObj(registered::get).toList());
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        require(
                state.vcpuInfoAddresses.size() == registered.length(),
                "a state has as many vCPUs as the domain");
    }

    void restore(State state) {
        page.restore(state.page);
        layout = state.layout32 ? Abi.X86_32 : Abi.X86_64;
        for (int vcpu = 0; vcpu < registered.length(); vcpu++) {
            registered.set(vcpu, state.vcpuInfoAddresses.get(vcpu));
        }
    }
}
