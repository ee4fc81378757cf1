package org.xenolith.mirror;

import org.xenolith.migration.frames.Envelope;
import org.xenolith.mirror.protocol.Message;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/// The wire form (docs/specs/mirror-protocol.md): type, length and checksum of 4 octets each, 4 of
/// zeros, the body.
final class Frames {
    /// "XENOMIRR", in the first frame of a connection.
    private static final long MAGIC = 0x5252_494D_4F4E_4558L;

    private static final int VERSION = 1;
    private static final int IDENTITY_BYTES = 32;

    /// A configuration has at most 4 MiB.
    static final int BODY_BYTES_MAX = (4 << 20) + 4096;

    /// Of the machine's stream, in one frame.
    static final int STREAM_BYTES_MAX = 256 << 10;

    private static final int ARBITER_BYTES_MAX = 2048;
    private static final int REASON_CHARS_MAX = 2000;

    private static final int HELLO = 1;
    private static final int WELCOME = 2;
    private static final int STREAM = 3;
    private static final int ROUND_TAKEN = 4;
    private static final int EPOCH_END = 5;
    private static final int COMMITTED = 6;
    private static final int BEAT = 7;
    private static final int GIVE_UP = 8;
    private static final int REFUSED = 9;

    /// What a frame brings.
    sealed interface Incoming {
        record Said(Message message) implements Incoming {}

        /// The next octets of the stream.
        record Octets(ByteBuffer octets) implements Incoming {}
    }

    private Frames() {}

    /// How long what [#isBeginning] looks at is.
    static final int BEGINNING_BYTES = Envelope.HEADER_BYTES + Long.BYTES;

    /// Whether a connection that begins so is one of a mirror.
    static boolean isBeginning(byte[] octets) {
        return octets.length >= BEGINNING_BYTES
                && ByteBuffer.wrap(octets)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong(Envelope.HEADER_BYTES)
                        == MAGIC;
    }

    // ---------------------------------------------------------------- writing

    static void write(WritableByteChannel out, Message message) throws IOException {
        var frame =
                switch (message) {
                    case Message.Hello hello -> Envelope.seal(HELLO, hello(hello));
                    case Message.Welcome() -> Envelope.seal(WELCOME, Envelope.body(0));
                    case Message.RoundTaken(int round) ->
                            Envelope.seal(ROUND_TAKEN, Envelope.body(4).putInt(round));
                    case Message.EpochEnd(long epoch) ->
                            Envelope.seal(EPOCH_END, Envelope.body(8).putLong(epoch));
                    case Message.Committed(long epoch) ->
                            Envelope.seal(COMMITTED, Envelope.body(8).putLong(epoch));
                    case Message.Beat() -> Envelope.seal(BEAT, Envelope.body(0));
                    case Message.GiveUp() -> Envelope.seal(GIVE_UP, Envelope.body(0));
                    case Message.Refused(var reason) -> {
                        int end = Math.min(reason.length(), REASON_CHARS_MAX);
                        var text = utf8(reason.substring(0, end));
                        yield Envelope.seal(REFUSED, Envelope.body(text.length).put(text));
                    }
                };
        Envelope.write(out, frame);
    }

    /// All of `octets`.
    static void writeStream(WritableByteChannel out, ByteBuffer octets) throws IOException {
        while (octets.hasRemaining()) {
            int part = Math.min(octets.remaining(), STREAM_BYTES_MAX);
            var frame = Envelope.body(part).put(octets.slice(octets.position(), part));
            octets.position(octets.position() + part);
            Envelope.write(out, Envelope.seal(STREAM, frame));
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer hello(Message.Hello hello) throws IOException {
        var arbiter = utf8(hello.arbiter());
        var config = utf8(hello.config());
        long length = (long) IDENTITY_BYTES + 4 + arbiter.length + config.length;
        if (length > BODY_BYTES_MAX || arbiter.length > ARBITER_BYTES_MAX) {
            throw new IOException("the configuration is too long");
        }
        return Envelope.body((int) length)
                .putLong(MAGIC)
                .putInt(VERSION)
                .putInt(0)
                .putLong(hello.session().getMostSignificantBits())
                .putLong(hello.session().getLeastSignificantBits())
                .putInt(arbiter.length)
                .put(arbiter)
                .put(config);
    }

    // ---------------------------------------------------------------- reading

    /// The next frame.
    ///
    /// @throws EOFException if the connection has ended
    /// @throws IOException if what has come is no frame
    static Incoming read(ReadableByteChannel in) throws IOException {
        var frame = Envelope.read(in, Frames::lengthMax, "mirror");
        return frame.type() == STREAM
                ? new Incoming.Octets(frame.body())
                : new Incoming.Said(decode(frame.type(), frame.body()));
    }

    private static int lengthMax(int type) {
        return switch (type) {
            case HELLO -> BODY_BYTES_MAX;
            case STREAM -> STREAM_BYTES_MAX;
            case REFUSED -> 4 * REASON_CHARS_MAX;
            default -> type > HELLO && type < REFUSED ? 8 : Envelope.UNKNOWN;
        };
    }

    private static Message decode(int type, ByteBuffer body) throws IOException {
        var message =
                switch (type) {
                    case HELLO -> hello(body);
                    case WELCOME -> new Message.Welcome();
                    case ROUND_TAKEN -> {
                        require(body.remaining() == 4);
                        yield new Message.RoundTaken(body.getInt());
                    }
                    case EPOCH_END -> new Message.EpochEnd(number(body));
                    case COMMITTED -> new Message.Committed(number(body));
                    case BEAT -> new Message.Beat();
                    case GIVE_UP -> new Message.GiveUp();
                    default -> new Message.Refused(text(body));
                };
        require(!body.hasRemaining());
        return message;
    }

    private static long number(ByteBuffer body) throws IOException {
        require(body.remaining() == 8);
        long number = body.getLong();
        require(number >= 0);
        return number;
    }

    private static Message.Hello hello(ByteBuffer body) throws IOException {
        require(body.remaining() >= IDENTITY_BYTES + 4);
        if (body.getLong() != MAGIC) {
            throw new IOException("the other end does not speak of a mirror");
        }
        int version = body.getInt();
        if (version != VERSION || body.getInt() != 0) {
            throw new IOException(
                    "the other end speaks version %d of the protocol, not %d"
                            .formatted(version, VERSION));
        }
        var session = new UUID(body.getLong(), body.getLong());
        int length = body.getInt();
        require(length >= 0 && length <= Math.min(body.remaining(), ARBITER_BYTES_MAX));
        var arbiter = text(body.slice(body.position(), length));
        body.position(body.position() + length);
        return new Message.Hello(session, arbiter, text(body));
    }

    private static String text(ByteBuffer body) {
        var bytes = new byte[body.remaining()];
        body.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void require(boolean holds) throws IOException {
        if (!holds) {
            throw new IOException("a frame says what cannot be");
        }
    }
}
