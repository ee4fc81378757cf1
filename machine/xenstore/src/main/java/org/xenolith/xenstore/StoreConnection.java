package org.xenolith.xenstore;

/// A client of the control domain that speaks the wire protocol over a stream of bytes, such as a
/// socket. May be called from any thread; the stream in each direction belongs to one at a time.
public final class StoreConnection implements AutoCloseable {
    private final XenStore store;
    private final StoreCore core;
    private final Connection connection;

    StoreConnection(XenStore store, StoreCore core, Connection connection) {
        this.store = store;
        this.core = core;
        this.connection = connection;
    }

    /// Serves requests. Returns how many bytes were taken: fewer than given while too many replies
    /// are unread, none once the connection [#isBroken].
    public int send(byte[] bytes, int from, int length) {
        return store.perform(() -> {
            if (connection.isBroken()) {
                return 0;
            }
            int taken = core.feed(connection, bytes, from, length);
            if (connection.input().isTooLong()) {
                connection.breakOff();
            }
            return taken;
        });
    }

    /// Moves replies and watch events into `into`; returns how many bytes, 0 if there are none yet.
    public int receive(byte[] into) {
        return store.perform(() -> connection.drain(into, 0, into.length));
    }

    /// The client has broken the protocol; only [#close] is left.
    public boolean isBroken() {
        return store.perform(connection::isBroken);
    }

    @Override
    public void close() {
        store.perform(() -> {
            connection.breakOff();
            return core.sockets.remove(connection);
        });
    }
}
