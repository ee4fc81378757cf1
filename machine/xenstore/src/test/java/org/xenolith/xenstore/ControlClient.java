package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A tool of the control domain on a connection of its own. Skips events.
final class ControlClient {
    final StoreConnection connection;

    ControlClient(XenStore store) {
        connection = store.connect(() -> {});
    }

    /// As [TestGuest#call].
    String call(int type, int transaction, String payload) {
        var request = new Message(type, 1, transaction, Message.text(payload)).encoded();
        if (connection.send(request, 0, request.length) != request.length) {
            throw new AssertionError("the request was not taken");
        }
        var all = new ByteArrayOutputStream();
        var buffer = new byte[700];
        for (int n = connection.receive(buffer); n > 0; n = connection.receive(buffer)) {
            all.write(buffer, 0, n);
        }
        var replies = ByteBuffer.wrap(all.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        while (replies.hasRemaining()) {
            int replyType = replies.getInt();
            replies.position(replies.position() + 8);
            var bytes = new byte[replies.getInt()];
            replies.get(bytes);
            if (replyType != Message.XS_WATCH_EVENT) {
                var text = Message.text(Bytes.of(bytes));
                return text.replaceFirst("\0$", "").replace('\0', ',');
            }
        }
        throw new AssertionError("no reply");
    }

    String call(int type, String payload) {
        return call(type, 0, payload);
    }
}
