package org.xenolith.migration;

import org.xenolith.base.Bug;
import org.xenolith.migration.frames.Envelope;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/// The wire form of frames (docs/specs/migration-protocol.md): type, length and checksum of 4
/// octets each, 4 of zeros, the body.
final class Frames {
    /// "XENOMOVE", in the first frame of a connection.
    private static final long MAGIC = 0x4556_4F4D_4F4E_4558L;

    private static final int VERSION = 1;

    /// A configuration has at most 4 MiB.
    static final int BODY_BYTES_MAX = (4 << 20) + 64;

    private static final int REASON_CHARS_MAX = 2000;

    private static final int HELLO = 1;
    private static final int ASK = 2;
    private static final int WELCOME = 3;
    private static final int ROUND_TAKEN = 4;
    private static final int READY = 5;
    private static final int GO = 6;
    private static final int RUNNING = 7;
    private static final int REFUSED = 8;
    private static final int REHEARSED = 9;
    private static final int HELLO_SEVERAL = 10;
    private static final int TOKEN = 11;
    private static final int JOIN = 12;
    private static final int JOINED = 13;

    private static final int JOIN_BYTES = 56;

    private Frames() {}

    // ---------------------------------------------------------------- writing

    static void write(WritableByteChannel out, Frame frame) throws IOException {
        Envelope.write(out, encode(frame));
    }

    /// All of a frame.
    static byte[] octets(Frame frame) throws IOException {
        var bytes = encode(frame);
        var octets = new byte[bytes.remaining()];
        bytes.get(octets);
        return octets;
    }

    private static ByteBuffer encode(Frame frame) throws IOException {
        return switch (frame) {
            case Frame.Hello(var id, int connections, var config) -> {
                var text = config.getBytes(StandardCharsets.UTF_8);
                yield connections == 1
                        ? encode(HELLO, first(id, text.length).put(text))
                        : encode(
                                HELLO_SEVERAL,
                                first(id, 4 + text.length).putInt(connections).put(text));
            }
            case Frame.Ask(var id) -> encode(ASK, first(id, 0));
            case Frame.Token(var token) -> encode(TOKEN, put(token, Envelope.body(16)));
            case Frame.Join(var id, var token, int number) ->
                    encode(JOIN, put(token, first(id, 24)).putInt(number).putInt(0));
            case Frame.Joined() -> encode(JOINED, Envelope.body(0));
            case Frame.Welcome() -> encode(WELCOME, Envelope.body(0));
            case Frame.RoundTaken(int round) -> encode(ROUND_TAKEN, Envelope.body(4).putInt(round));
            case Frame.Rehearsed() -> encode(REHEARSED, Envelope.body(0));
            case Frame.Ready() -> encode(READY, Envelope.body(0));
            case Frame.Go(boolean paused) -> encode(GO, Envelope.body(4).putInt(paused ? 1 : 0));
            case Frame.Running() -> encode(RUNNING, Envelope.body(0));
            case Frame.Refused(var reason) -> {
                int end = Math.min(reason.length(), REASON_CHARS_MAX);
                var text = reason.substring(0, end).getBytes(StandardCharsets.UTF_8);
                yield encode(REFUSED, Envelope.body(text.length).put(text));
            }
        };
    }

    private static ByteBuffer first(UUID id, int more) {
        return put(id, Envelope.body(32 + more).putLong(MAGIC).putInt(VERSION).putInt(0));
    }

    private static ByteBuffer put(UUID id, ByteBuffer body) {
        return body.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    private static ByteBuffer encode(int type, ByteBuffer frame) throws IOException {
        if (Envelope.length(frame) > BODY_BYTES_MAX) {
            throw new IOException("the configuration is too long");
        }
        return Envelope.seal(type, frame);
    }

    // ---------------------------------------------------------------- reading

    /// The next frame.
    ///
    /// @throws EOFException if the connection has ended
    /// @throws IOException if what has come is no frame
    static Frame read(ReadableByteChannel in) throws IOException {
        var frame = Envelope.read(in, Frames::lengthMax, "migration");
        return decode(frame.type(), frame.body());
    }

    /// Whether a frame that has these [Envelope#HEADER_BYTES] is a [Frame.Join].
    static boolean beginsJoin(byte[] header) {
        var octets = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        return octets.getInt() == JOIN && octets.getInt() == JOIN_BYTES;
    }

    private static int lengthMax(int type) {
        return type < HELLO || type > JOINED ? Envelope.UNKNOWN : BODY_BYTES_MAX;
    }

    private static Frame decode(int type, ByteBuffer body) throws IOException {
        return switch (type) {
            case HELLO -> {
                var id = id(body);
                yield new Frame.Hello(id, 1, text(body));
            }
            case HELLO_SEVERAL -> {
                var id = id(body);
                require(body.remaining() >= 4);
                int connections = body.getInt();
                require(connections > 1 && connections <= MigrationOptions.CONNECTIONS_MAX);
                yield new Frame.Hello(id, connections, text(body));
            }
            case TOKEN -> {
                require(body.remaining() == 16);
                yield new Frame.Token(new UUID(body.getLong(), body.getLong()));
            }
            case JOIN -> {
                var id = id(body);
                require(body.remaining() == JOIN_BYTES - 32);
                var token = new UUID(body.getLong(), body.getLong());
                int number = body.getInt();
                require(body.getInt() == 0);
                yield new Frame.Join(id, token, number);
            }
            case ASK -> {
                var id = id(body);
                require(!body.hasRemaining());
                yield new Frame.Ask(id);
            }
            case ROUND_TAKEN -> {
                require(body.remaining() == 4);
                yield new Frame.RoundTaken(body.getInt());
            }
            case GO -> {
                require(body.remaining() == 4);
                int paused = body.getInt();
                require(paused == 0 || paused == 1);
                yield new Frame.Go(paused == 1);
            }
            case REFUSED -> new Frame.Refused(text(body));
            default -> {
                require(!body.hasRemaining());
                yield withoutBody(type);
            }
        };
    }

    private static Frame withoutBody(int type) {
        return switch (type) {
            case WELCOME -> new Frame.Welcome();
            case REHEARSED -> new Frame.Rehearsed();
            case JOINED -> new Frame.Joined();
            case READY -> new Frame.Ready();
            case RUNNING -> new Frame.Running();
            default -> throw new Bug("types have been looked at before");
        };
    }

    private static UUID id(ByteBuffer body) throws IOException {
        require(body.remaining() >= 32);
        if (body.getLong() != MAGIC) {
            throw new IOException("the other end does not speak of a migration");
        }
        int version = body.getInt();
        if (version != VERSION || body.getInt() != 0) {
            throw new IOException(
                    "the other end speaks version %d of the protocol, not %d"
                            .formatted(version, VERSION));
        }
        return new UUID(body.getLong(), body.getLong());
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
