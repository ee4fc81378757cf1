package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.EventChannelAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The FIFO ABI: an event word for each port in pages of the guest's choice, linked to one of 16
/// queues of a vCPU, whose heads are in its control block (xen/include/public/event_channel.h).
final class FifoEvents implements EventDelivery {
    static final int QUEUES = EventChannelAbi.EVTCHN_FIFO_MAX_QUEUES;
    static final int PRIORITY_DEFAULT = EventChannelAbi.EVTCHN_FIFO_PRIORITY_DEFAULT;

    /// A vCPU without a control block.
    private static final long NO_CONTROL_BLOCK = -1;

    private static final int WORDS_IN_PAGE = Sizes.PAGE_BYTES / Integer.BYTES;
    private static final int PAGES_MAX = EventChannelAbi.EVTCHN_FIFO_NR_CHANNELS / WORDS_IN_PAGE;
    private static final int PENDING = 1 << EventChannelAbi.EVTCHN_FIFO_PENDING;
    private static final int MASKED = 1 << EventChannelAbi.EVTCHN_FIFO_MASKED;
    private static final int LINKED = 1 << EventChannelAbi.EVTCHN_FIFO_LINKED;
    private static final int BUSY = 1 << EventChannelAbi.EVTCHN_FIFO_BUSY;
    private static final int LINK = EventChannelAbi.EVTCHN_FIFO_LINK_MASK;
    private static final int CONTROL_BLOCK_BYTES =
            EventChannelAbi.FIFO_CONTROL_BLOCK.size(Abi.X86_64);
    private static final int HEADS = EventChannelAbi.FIFO_CONTROL_BLOCK.offset(Abi.X86_64, "head");

    /// The guest may change a linked word in four ways while we link behind it: set or clear
    /// MASKED, clear PENDING, clear LINKED. BUSY keeps it from unmasking.
    private static final int LINK_ATTEMPTS = 4;

    private final Words words;
    private final Upcalls upcalls;
    private final long[] controlBlocks;
    private final int[][] tails;
    private final List<Long> pages = new ArrayList<>();

    FifoEvents(Words words, Upcalls upcalls, int vcpus) {
        this.words = words;
        this.upcalls = upcalls;
        this.controlBlocks = new long[vcpus];
        Arrays.fill(controlBlocks, NO_CONTROL_BLOCK);
        this.tails = new int[vcpus][QUEUES];
    }

    /// Checks where a guest wants a control block: within a page, 8-byte aligned.
    static void checkOffset(int offset) throws Refusal {
        Refusal.unless(
                Integer.compareUnsigned(offset, Sizes.PAGE_BYTES - CONTROL_BLOCK_BYTES) <= 0
                        && offset % 8 == 0,
                XenErrno.EINVAL);
    }

    /// Gives a vCPU its control block, once.
    void setControlBlock(int vcpu, long gfn, int offset) throws Refusal {
        Refusal.unless(controlBlocks[vcpu] == NO_CONTROL_BLOCK, XenErrno.EINVAL);
        controlBlocks[vcpu] = mapped(gfn) + offset;
    }

    /// Adds a page of event words.
    void addPage(long gfn) throws Refusal {
        Refusal.unless(pages.size() < PAGES_MAX, XenErrno.ENOSPC);
        pages.add(mapped(gfn) >>> Sizes.PAGE_SHIFT);
    }

    /// Ports that have an event word.
    int portsWithWord() {
        return pages.size() * WORDS_IN_PAGE;
    }

    /// The address of a page of RAM.
    private long mapped(long gfn) throws Refusal {
        Refusal.unless(
                GuestMemory.isAddressable(gfn) && words.at(gfn << Sizes.PAGE_SHIFT) >= 0,
                XenErrno.EINVAL);
        return gfn << Sizes.PAGE_SHIFT;
    }

    private long word(int port) {
        int page = port / WORDS_IN_PAGE;
        return page < pages.size()
                ? words.at((pages.get(page) << Sizes.PAGE_SHIFT) + port % WORDS_IN_PAGE * 4L)
                : Words.NOWHERE;
    }

    @Override
    public int portsMax() {
        return EventChannelAbi.EVTCHN_FIFO_NR_CHANNELS;
    }

    @Override
    public void setPending(EventPort port) {
        long word = word(port.number);
        if (word < 0) {
            port.pendingUnlinked = true;
            return;
        }
        long block = controlBlocks[port.vcpu];
        if (block == NO_CONTROL_BLOCK) {
            // The guest must not unmask an event before its vCPU has a control block.
            return;
        }
        boolean wasPending = (words.setBits(word, PENDING) & PENDING) != 0;
        if ((words.get(word) & MASKED) == 0 && (words.setBits(word, LINKED) & LINKED) == 0) {
            enqueue(port, block);
        }
        if (!wasPending) {
            upcalls.wakePollers(port.number);
        }
    }

    /// Puts a port, just marked as linked, at the end of its queue.
    private void enqueue(EventPort port, long block) {
        // A port that was the tail of its old queue leaves that queue empty.
        if (tails[port.lastVcpu][port.lastPriority] == port.number) {
            tails[port.lastVcpu][port.lastPriority] = 0;
        }
        port.lastVcpu = port.vcpu;
        port.lastPriority = port.priority;
        int tail = tails[port.vcpu][port.priority];
        boolean linked = tail != 0 && setLink(word(tail), port.number);
        tails[port.vcpu][port.priority] = port.number;
        if (!linked) {
            words.set(words.at(block + HEADS + port.priority * 4L), port.number);
            if (!words.testAndSet(words.at(block), port.priority)) {
                upcalls.markPending(port.vcpu);
            }
        }
    }

    /// Makes the word at `place` point to `port`, if it is still linked itself.
    private boolean setLink(long place, int port) {
        int seen = words.get(place);
        for (int attempt = 0; attempt <= LINK_ATTEMPTS; attempt++) {
            if ((seen & LINKED) == 0) {
                words.clearBits(place, BUSY);
                return false;
            }
            int found = words.exchange(place, seen, seen & ~(BUSY | LINK) | port);
            if (found == seen) {
                return true;
            }
            if (attempt == 0) {
                words.setBits(place, BUSY);
            }
            seen = words.get(place);
        }
        // A guest that goes on changing the word breaks the protocol, and its own queue.
        words.clearBits(place, BUSY);
        return true;
    }

    @Override
    public void clearPending(EventPort port) {
        words.clearBits(word(port.number), PENDING);
    }

    @Override
    public void unmask(EventPort port) {
        long word = word(port.number);
        words.clearBits(word, MASKED);
        if ((words.get(word) & PENDING) != 0) {
            setPending(port);
        }
    }

    @Override
    public boolean isPending(EventPort port) {
        return (words.get(word(port.number)) & PENDING) != 0;
    }

    @Override
    public boolean isBusy(EventPort port) {
        return (words.get(word(port.number)) & LINKED) != 0;
    }

    // ---------------------------------------------------------------- state

    /// `controlBlocks` holds a guest-physical address for each vCPU, or -1; `tails` the last port
    /// of each vCPU's 16 queues, or 0; `pages` the gfns of the event array.
    record State(List<Long> controlBlocks, List<Integer> tails, List<Long> pages) {
        State {
            controlBlocks = List.copyOf(controlBlocks);
            tails = List.copyOf(tails);
            pages = List.copyOf(pages);
            require(tails.size() == controlBlocks.size() * QUEUES, "a vCPU has 16 queues");
            require(pages.size() <= PAGES_MAX, "an event array has at most 128 pages");
            for (long gfn : pages) {
                require(GuestMemory.isAddressable(gfn), "an event array is in guest memory");
            }
            for (long gpa : controlBlocks) {
                require(
                        gpa == NO_CONTROL_BLOCK
                                || GuestMemory.isAddressable(gpa >>> Sizes.PAGE_SHIFT)
                                        && gpa % 8 == 0,
                        "a control block is in guest memory");
            }
            for (int port : tails) {
                require(port >= 0 && port <= LINK, "a queue ends with a port");
            }
        }
    }

    State capture() {
        return new State(
                Arrays.stream(controlBlocks).boxed().toList(),
                Arrays.stream(tails).flatMapToInt(Arrays::stream).boxed().toList(),
                pages);
    }

    void restore(State state) {
        for (int vcpu = 0; vcpu < controlBlocks.length; vcpu++) {
            controlBlocks[vcpu] = state.controlBlocks.get(vcpu);
            for (int queue = 0; queue < QUEUES; queue++) {
                tails[vcpu][queue] = state.tails.get(vcpu * QUEUES + queue);
            }
        }
        pages.clear();
        pages.addAll(state.pages);
    }
}
