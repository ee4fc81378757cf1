package org.xenolith.xenstore;

import org.xenolith.base.DomainId;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A guest that speaks the wire protocol through its ring, as a kernel would.
final class TestGuest {
    static final long PAGE = 0x1000;

    final int domain;
    final GuestMemory memory;
    final StoreRing ring;
    final List<String> events = new ArrayList<>();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    int signals;
    private int requestId = 100;

    TestGuest(XenStore store, int domain) {
        this(store, domain, GuestMemory.withRam(4 * 4096, 0));
    }

    TestGuest(XenStore store, int domain, GuestMemory memory) {
        this.domain = domain;
        this.memory = memory;
        this.ring = store.introduce(new DomainId(domain), memory, PAGE >> 12, () -> signals++);
    }

    /// A guest with a home of its own, as the tools make it.
    static TestGuest atHome(XenStore store, int domain) {
        var home = StorePath.ofDomain(domain);
        store.makeDirectory(home);
        store.setPermissions(home, Permissions.ownedBy(domain));
        return new TestGuest(store, domain);
    }

    // ---------------------------------------------------------------- requests

    String read(String path) {
        return call(Message.XS_READ, path + "\0");
    }

    String write(String path, String value) {
        return call(Message.XS_WRITE, path + "\0" + value);
    }

    String makeDirectory(String path) {
        return call(Message.XS_MKDIR, path + "\0");
    }

    String remove(String path) {
        return call(Message.XS_RM, path + "\0");
    }

    String directory(String path) {
        return call(Message.XS_DIRECTORY, path + "\0");
    }

    String getPermissions(String path) {
        return call(Message.XS_GET_PERMS, path + "\0");
    }

    String setPermissions(String path, String... permissions) {
        return call(Message.XS_SET_PERMS, path + "\0" + String.join("\0", permissions) + "\0");
    }

    String watch(String path, String token) {
        return call(Message.XS_WATCH, path + "\0" + token + "\0");
    }

    String unwatch(String path, String token) {
        return call(Message.XS_UNWATCH, path + "\0" + token + "\0");
    }

    int startTransaction() {
        return Integer.parseInt(call(Message.XS_TRANSACTION_START, "\0"));
    }

    String endTransaction(int id, boolean commit) {
        return call(Message.XS_TRANSACTION_END, id, commit ? "T\0" : "F\0");
    }

    String call(int type, String payload) {
        return call(type, 0, payload);
    }

    /// The reply's payload; nuls at the end are cut off, those within shown as commas. An error is
    /// shown as its name.
    String call(int type, int transaction, String payload) {
        var request = new Message(type, requestId++, transaction, Message.text(payload));
        var reply = call(request);
        if (reply.requestId() != request.requestId() || reply.transactionId() != transaction) {
            throw new AssertionError(reply + " is no reply to " + request);
        }
        var text = Message.text(reply.payload());
        if (reply.type() != type && reply.type() != Message.XS_ERROR) {
            throw new AssertionError(reply + " is no reply to " + request);
        }
        return (text.endsWith("\0") ? text.substring(0, text.length() - 1) : text)
                .replace('\0', ',');
    }

    Message call(Message request) {
        send(request.encoded());
        for (int round = 0; round < 1000; round++) {
            var message = nextMessage();
            if (message == null) {
                pull();
                ring.notified();
            } else if (message.isEvent()) {
                events.add(shown(message));
            } else {
                pull();
                takeEvents();
                return message;
            }
        }
        throw new AssertionError("no reply to " + request);
    }

    /// Events that have come without a request.
    List<String> takeEvents() {
        pull();
        for (var message = nextMessage(); message != null; message = nextMessage()) {
            if (!message.isEvent()) {
                throw new AssertionError("not asked for: " + message);
            }
            events.add(shown(message));
        }
        return events;
    }

    private static String shown(Message event) {
        return Message.text(event.payload()).replaceFirst("\0$", "").replace("\0", " ");
    }

    // ---------------------------------------------------------------- the ring

    int field(int offset) {
        return memory.readInt(PAGE + offset);
    }

    void setField(int offset, int value) {
        memory.writeInt(PAGE + offset, value);
    }

    void send(byte[] bytes) {
        int sent = 0;
        for (int round = 0; sent < bytes.length; round++) {
            if (round > 10_000) {
                throw new AssertionError("the store takes nothing");
            }
            int producer = field(StoreRing.REQUEST_PRODUCER);
            int room = StoreRing.RING_BYTES - (producer - field(StoreRing.REQUEST_CONSUMER));
            int length = Math.min(room, bytes.length - sent);
            for (int i = 0; i < length; i++) {
                int slot = producer + i & StoreRing.RING_BYTES - 1;
                memory.writeByte(PAGE + StoreRing.REQUESTS + slot, bytes[sent + i]);
            }
            setField(StoreRing.REQUEST_PRODUCER, producer + length);
            sent += length;
            ring.notified();
            if (sent < bytes.length) {
                pull();
            }
        }
    }

    /// Takes what is in the reply ring.
    void pull() {
        int consumer = field(StoreRing.REPLY_CONSUMER);
        int producer = field(StoreRing.REPLY_PRODUCER);
        for (int at = consumer; at != producer; at++) {
            int slot = at & StoreRing.RING_BYTES - 1;
            received.write(memory.readByte(PAGE + StoreRing.REPLIES + slot));
        }
        setField(StoreRing.REPLY_CONSUMER, producer);
        if (producer != consumer) {
            ring.notified();
            if (field(StoreRing.REPLY_PRODUCER) != producer) {
                pull();
            }
        }
    }

    private Message nextMessage() {
        var bytes = received.toByteArray();
        if (bytes.length < Message.HEADER_BYTES) {
            return null;
        }
        var header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int end = Message.HEADER_BYTES + header.getInt(12);
        if (bytes.length < end) {
            return null;
        }
        received.reset();
        received.write(bytes, end, bytes.length - end);
        return new Message(
                header.getInt(0),
                header.getInt(4),
                header.getInt(8),
                Bytes.of(Arrays.copyOfRange(bytes, Message.HEADER_BYTES, end)));
    }
}
