package org.xenolith.pv.network;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.NetifAbi;

/// The back end's side of a ring of one page (xen/include/public/io/ring.h). Indices count modulo
/// 2^32; only the producer of requests is ever read from the guest, the rest is remembered here.
///
/// A producer index that cannot be, since it is behind what has been consumed or asks for more
/// responses than there are entries, is no request at all: the ring rests until the guest has put
/// it right. Not thread-safe. **Hot path.**
final class PageRing {
    private static final int REQ_PROD = NetifAbi.SRING.offset(Abi.X86_64, "req_prod");
    private static final int REQ_EVENT = NetifAbi.SRING.offset(Abi.X86_64, "req_event");
    private static final int RSP_PROD = NetifAbi.SRING.offset(Abi.X86_64, "rsp_prod");
    private static final int RSP_EVENT = NetifAbi.SRING.offset(Abi.X86_64, "rsp_event");

    private final GuestMemory memory;
    private final long page;
    private final int entryBytes;
    private final int entries;
    private int consumed;
    private int produced;
    private int pushed;

    /// A ring whose responses have all been consumed, or that is taken over from a back end that
    /// had answered all that it had taken.
    ///
    /// @param gfn of its page
    PageRing(GuestMemory memory, long gfn, int entryBytes) {
        this.memory = memory;
        this.page = gfn << Sizes.PAGE_SHIFT;
        this.entryBytes = entryBytes;
        int room = Sizes.PAGE_BYTES - NetifAbi.SRING_ENTRIES_OFFSET;
        this.entries = Integer.highestOneBit(room / entryBytes);
        this.produced = memory.readInt(page + RSP_PROD);
        this.consumed = produced;
        this.pushed = produced;
    }

    int entries() {
        return entries;
    }

    /// How many requests wait; -1 if the producer index cannot be.
    int waiting() {
        int end = memory.readInt(page + REQ_PROD);
        int count = end - consumed;
        boolean possible = count >= 0 && Integer.compareUnsigned(end - produced, entries) <= 0;
        return possible ? count : -1;
    }

    /// Asks to be notified when `count` requests wait; then, as [#waiting].
    int waitingAfterAsking(int count) {
        memory.writeInt(page + REQ_EVENT, consumed + count);
        GuestMemory.fence();
        return waiting();
    }

    /// Where the oldest request is, which is taken by that: each of its bytes is to be read once.
    /// There is one waiting.
    long take() {
        return place(consumed++);
    }

    /// Where the next response goes: to the entry of the oldest request that has none.
    long respond() {
        return place(produced++);
    }

    /// Shows all responses to the front end. True if it wants to be notified of them.
    boolean push() {
        if (pushed == produced) {
            return false;
        }
        int before = pushed;
        pushed = produced;
        memory.writeInt(page + RSP_PROD, produced);
        GuestMemory.fence();
        int wanted = memory.readInt(page + RSP_EVENT);
        return Integer.compareUnsigned(produced - wanted, produced - before) < 0;
    }

    private long place(int index) {
        return page + NetifAbi.SRING_ENTRIES_OFFSET + (long) (index & entries - 1) * entryBytes;
    }
}
