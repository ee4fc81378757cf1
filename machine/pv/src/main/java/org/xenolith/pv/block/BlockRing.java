package org.xenolith.pv.block;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.BlkifAbi;
import org.xenolith.xen.abi.Struct;

import java.util.List;

/// The back end's side of one ring of requests and responses, which share its entries
/// (xen/include/public/io/ring.h). Indices count modulo 2^32.
///
/// Nothing that the guest writes into the ring is read twice. A producer index that cannot be,
/// since it is behind what has been consumed or asks for more responses than there are entries, is
/// no request at all: the ring rests until the guest has put it right. May be used from any thread.
final class BlockRing {
    private static final int REQ_PROD = BlkifAbi.SRING.offset(Abi.X86_64, "req_prod");
    private static final int REQ_EVENT = BlkifAbi.SRING.offset(Abi.X86_64, "req_event");
    private static final int RSP_PROD = BlkifAbi.SRING.offset(Abi.X86_64, "rsp_prod");
    private static final int RSP_EVENT = BlkifAbi.SRING.offset(Abi.X86_64, "rsp_event");

    private final GuestMemory memory;
    private final long[] pages;
    private final int entryBytes;
    private final int entries;
    private int consumed;
    private int produced;

    // Of the next response.
    private final byte[] response;
    private final Struct.Field responseId;
    private final Struct.Field responseOperation;
    private final Struct.Field responseStatus;

    /// A ring whose responses have all been consumed, or that is taken over from a back end that
    /// had answered all that it had taken.
    ///
    /// @param frames guest frames of its pages, a power of two of them, in order
    BlockRing(GuestMemory memory, List<Long> frames, Abi abi) {
        this.memory = memory;
        this.pages = frames.stream().mapToLong(gfn -> gfn << Sizes.PAGE_SHIFT).toArray();
        this.response = new byte[BlkifAbi.RESPONSE.size(abi)];
        this.responseId = BlkifAbi.RESPONSE.field(abi, "id");
        this.responseOperation = BlkifAbi.RESPONSE.field(abi, "operation");
        this.responseStatus = BlkifAbi.RESPONSE.field(abi, "status");
        this.entryBytes = BlkifAbi.REQUEST.size(abi);
        int room = pages.length * Sizes.PAGE_BYTES - BlkifAbi.SRING_ENTRIES_OFFSET;
        this.entries = Integer.highestOneBit(room / entryBytes);
        this.produced = memory.readInt(pages[0] + RSP_PROD);
        this.consumed = produced;
    }

    int entries() {
        return entries;
    }

    /// How many requests wait; -1 if the producer index cannot be.
    synchronized int waiting() {
        int end = memory.readInt(pages[0] + REQ_PROD);
        int count = end - consumed;
        boolean possible = count >= 0 && Integer.compareUnsigned(end - produced, entries) <= 0;
        return possible ? count : -1;
    }

    /// Asks to be notified of the next request; then, as [#waiting].
    synchronized int waitingAfterAsking() {
        memory.writeInt(pages[0] + REQ_EVENT, consumed + 1);
        GuestMemory.fence();
        return waiting();
    }

    /// A copy of the oldest request; there is one waiting.
    synchronized byte[] take() {
        var entry = new byte[entryBytes];
        transfer(place(consumed), entry, false);
        consumed++;
        return entry;
    }

    /// Puts a response into the ring. True if the front end wants to be notified of it.
    synchronized boolean respond(long id, int operation, int status) {
        responseId.set(response, id);
        responseOperation.set(response, operation);
        responseStatus.set(response, status);
        transfer(place(produced), response, true);
        GuestMemory.fence();
        int before = produced++;
        memory.writeInt(pages[0] + RSP_PROD, produced);
        GuestMemory.fence();
        int wanted = memory.readInt(pages[0] + RSP_EVENT);
        return Integer.compareUnsigned(produced - wanted, produced - before) < 0;
    }

    private int place(int index) {
        return BlkifAbi.SRING_ENTRIES_OFFSET + (index & entries - 1) * entryBytes;
    }

    /// Entries may cross from one page of the ring to the next.
    private void transfer(int place, byte[] bytes, boolean toRing) {
        for (int done = 0; done < bytes.length; ) {
            int at = place + done;
            int offset = at & Sizes.PAGE_BYTES - 1;
            int part = Math.min(bytes.length - done, Sizes.PAGE_BYTES - offset);
            long gpa = pages[at >>> Sizes.PAGE_SHIFT] + offset;
            if (toRing) {
                memory.write(gpa, bytes, done, part);
            } else {
                memory.read(gpa, bytes, done, part);
            }
            done += part;
        }
    }
}
