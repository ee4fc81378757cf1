package org.xenolith.xenstore;

import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.base.Bug;
import org.xenolith.memory.GuestMemory;

/// A domain's way to the store: one page shared with the guest that holds a ring of bytes for each
/// direction (`struct xenstore_domain_interface`, xen/include/public/io/xs_wire.h;
/// docs/misc/xenstore-ring.txt in the Xen tree).
///
/// Indices count bytes modulo 2^32. A guest that writes indices which cannot be, or announces a
/// message that is too long, finds the reason in the page and is not listened to any more, until it
/// asks to reconnect. May be called from any thread.
public final class StoreRing {
    static final int RING_BYTES = 1024;

    static final int REQUESTS = 0;
    static final int REPLIES = RING_BYTES;
    static final int REQUEST_CONSUMER = 2048;
    static final int REQUEST_PRODUCER = 2052;
    static final int REPLY_CONSUMER = 2056;
    static final int REPLY_PRODUCER = 2060;
    static final int SERVER_FEATURES = 2064;
    static final int CONNECTION_STATE = 2068;
    static final int CONNECTION_ERROR = 2072;

    /// `XENSTORE_CONNECTED`, `XENSTORE_RECONNECT`.
    static final int CONNECTED = 0;

    static final int RECONNECT = 1;

    /// `XENSTORE_ERROR_*`.
    static final int ERROR_NONE = 0;

    static final int ERROR_RING_INDEX = 2;
    static final int ERROR_PROTOCOL = 3;

    private final XenStore store;
    private final StoreCore core;
    private final Connection connection;
    private final GuestMemory memory;
    private final long page;
    private final Runnable notifyGuest;
    private boolean detached;

    StoreRing(
            XenStore store,
            StoreCore core,
            int domain,
            GuestMemory memory,
            long gfn,
            Runnable notifyGuest) {
        Bug.check(GuestMemory.isAddressable(gfn), "the store's page is addressable");
        this.store = store;
        this.core = core;
        this.connection = new Connection(domain, this::replyLater);
        this.memory = memory;
        this.page = gfn << PAGE_SHIFT;
        this.notifyGuest = notifyGuest;
    }

    /// The guest has signalled the store's event channel: serves what it asks for and signals back.
    public void notified() {
        store.perform(() -> {
            serve();
            return null;
        });
    }

    /// There is something to tell the guest that it has not asked for.
    private void replyLater() {
        store.perform(() -> {
            if (isUsable() && !connection.isBroken() && flush()) {
                core.deliver(notifyGuest);
            }
            return null;
        });
    }

    Connection connection() {
        return connection;
    }

    // What follows is called with the store's lock held.

    /// Tells the guest what this store can do. Leaves the rings as they are.
    void attach() {
        memory.writeInt(page + SERVER_FEATURES, core.settingsOf(connection.domain()).features());
    }

    void detach() {
        detached = true;
    }

    private boolean isUsable() {
        return !detached && !store.isPaused() && memory.hostOffset(page) >= 0;
    }

    private void serve() {
        if (!isUsable()) {
            return;
        }
        boolean moved;
        if (memory.readInt(page + CONNECTION_STATE) == RECONNECT) {
            reconnect();
            moved = true;
        } else if (connection.isBroken()) {
            moved = false;
        } else {
            moved = flush();
            moved |= takeRequests();
        }
        if (moved) {
            core.deliver(notifyGuest);
        }
    }

    private void reconnect() {
        connection.reset();
        memory.writeInt(page + REQUEST_CONSUMER, 0);
        memory.writeInt(page + REQUEST_PRODUCER, 0);
        memory.writeInt(page + REPLY_CONSUMER, 0);
        memory.writeInt(page + REPLY_PRODUCER, 0);
        memory.writeInt(page + CONNECTION_ERROR, ERROR_NONE);
        GuestMemory.fence();
        memory.writeInt(page + CONNECTION_STATE, CONNECTED);
    }

    private void breakOff(int error) {
        connection.breakOff();
        memory.writeInt(page + CONNECTION_ERROR, error);
    }

    /// Whether anything has changed that the guest should look at.
    private boolean takeRequests() {
        if (connection.isBroken()) {
            return true;
        }
        int consumer = memory.readInt(page + REQUEST_CONSUMER);
        int length = memory.readInt(page + REQUEST_PRODUCER) - consumer;
        if (length < 0 || length > RING_BYTES) {
            breakOff(ERROR_RING_INDEX);
            return true;
        }
        GuestMemory.fence();
        var bytes = new byte[length];
        int start = consumer & (RING_BYTES - 1);
        int first = Math.min(length, RING_BYTES - start);
        memory.read(page + REQUESTS + start, bytes, 0, first);
        memory.read(page + REQUESTS, bytes, first, length - first);
        int taken = 0;
        while (taken < length && connection.takesRequests() && !connection.isBroken()) {
            taken += core.feed(connection, bytes, taken, length - taken);
            if (connection.input().isTooLong()) {
                breakOff(ERROR_PROTOCOL);
            } else {
                flush();
            }
        }
        GuestMemory.fence();
        memory.writeInt(page + REQUEST_CONSUMER, consumer + taken);
        return taken > 0;
    }

    /// Moves as much as there is room for to the guest. Whether anything has changed.
    private boolean flush() {
        if (!connection.hasOutput()) {
            return false;
        }
        int consumer = memory.readInt(page + REPLY_CONSUMER);
        int producer = memory.readInt(page + REPLY_PRODUCER);
        int used = producer - consumer;
        if (used < 0 || used > RING_BYTES) {
            breakOff(ERROR_RING_INDEX);
            return true;
        }
        GuestMemory.fence();
        var bytes = new byte[RING_BYTES - used];
        int length = connection.drain(bytes, 0, bytes.length);
        int start = producer & (RING_BYTES - 1);
        int first = Math.min(length, RING_BYTES - start);
        memory.write(page + REPLIES + start, bytes, 0, first);
        memory.write(page + REPLIES, bytes, first, length - first);
        GuestMemory.fence();
        memory.writeInt(page + REPLY_PRODUCER, producer + length);
        return length > 0;
    }
}
