package org.xenolith.xenstore;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// One message of the wire protocol (`struct xsd_sockmsg`, xen/include/public/io/xs_wire.h), in
/// either direction. Part of the store's state, where replies wait to be read.
///
/// @param type one of the `XS_*` numbers; any number may arrive
/// @param requestId the client's mark, echoed in the reply
/// @param transactionId 0 outside transactions
/// @param payload at most [#PAYLOAD_BYTES_MAX]
public record Message(int type, int requestId, int transactionId, Bytes payload) {
    static final int HEADER_BYTES = 16;

    /// `XENSTORE_PAYLOAD_MAX`.
    static final int PAYLOAD_BYTES_MAX = 4096;

    static final int XS_CONTROL = 0;
    static final int XS_DIRECTORY = 1;
    static final int XS_READ = 2;
    static final int XS_GET_PERMS = 3;
    static final int XS_WATCH = 4;
    static final int XS_UNWATCH = 5;
    static final int XS_TRANSACTION_START = 6;
    static final int XS_TRANSACTION_END = 7;
    static final int XS_INTRODUCE = 8;
    static final int XS_RELEASE = 9;
    static final int XS_GET_DOMAIN_PATH = 10;
    static final int XS_WRITE = 11;
    static final int XS_MKDIR = 12;
    static final int XS_RM = 13;
    static final int XS_SET_PERMS = 14;
    static final int XS_WATCH_EVENT = 15;
    static final int XS_ERROR = 16;
    static final int XS_IS_DOMAIN_INTRODUCED = 17;
    static final int XS_RESUME = 18;
    static final int XS_SET_TARGET = 19;
    static final int XS_RESET_WATCHES = 21;
    static final int XS_DIRECTORY_PART = 22;
    static final int XS_GET_FEATURE = 23;
    static final int XS_SET_FEATURE = 24;
    static final int XS_GET_QUOTA = 25;
    static final int XS_SET_QUOTA = 26;

    public Message {
        StateException.require(
                payload.length() <= PAYLOAD_BYTES_MAX, "a message's payload is at most 4096 bytes");
    }

    /// The answer to this request; E2BIG if `answer` does not fit.
    Message answered(Bytes answer) {
        return answer.length() > PAYLOAD_BYTES_MAX
                ? refused(StoreError.E2BIG)
                : new Message(type, requestId, transactionId, answer);
    }

    Message refused(StoreError error) {
        return new Message(XS_ERROR, requestId, transactionId, text(error.name() + "\0"));
    }

    boolean isEvent() {
        return type == XS_WATCH_EVENT;
    }

    byte[] encoded() {
        return ByteBuffer.allocate(HEADER_BYTES + payload.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(requestId)
                .putInt(transactionId)
                .putInt(payload.length())
                .put(payload.toArray())
                .array();
    }

    /// Paths, tokens and numbers are bytes to the protocol; here each is one `char`.
    static Bytes text(String text) {
        return Bytes.of(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String text(Bytes bytes) {
        return new String(bytes.toArray(), StandardCharsets.ISO_8859_1);
    }
}
