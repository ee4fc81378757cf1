package org.xenolith.migration.frames;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.function.IntUnaryOperator;
import java.util.zip.CRC32C;

/// A frame around a body (docs/specs/migration-protocol.md, mirror-protocol.md): type, length and
/// checksum of 4 octets each, 4 of zeros, the body; little-endian.
///
/// @param body from its position on
public record Envelope(int type, ByteBuffer body) {
    /// What stands before the body.
    public static final int HEADER_BYTES = 16;

    /// No frame has this type.
    public static final int UNKNOWN = -1;

    /// Room for a body of so many bytes, to be filled and then [#seal]ed.
    public static ByteBuffer body(int length) {
        return ByteBuffer.allocate(HEADER_BYTES + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(HEADER_BYTES);
    }

    /// The frame around what has been put into a [#body], ready to be written.
    public static ByteBuffer seal(int type, ByteBuffer body) {
        int length = length(body);
        body.putInt(0, type).putInt(4, length).putInt(8, checksum(type, body, length));
        return body.flip();
    }

    /// How many bytes have been put into a [#body].
    public static int length(ByteBuffer body) {
        return body.position() - HEADER_BYTES;
    }

    /// Writes all of a frame.
    public static void write(WritableByteChannel out, ByteBuffer frame) throws IOException {
        while (frame.hasRemaining()) {
            out.write(frame);
        }
    }

    private static int checksum(int type, ByteBuffer frame, int length) {
        var sum = new CRC32C();
        sum.update(ByteBuffer.allocate(8).putInt(type).putInt(length).flip());
        sum.update(frame.duplicate().position(HEADER_BYTES).limit(HEADER_BYTES + length));
        return (int) sum.getValue();
    }

    /// The next frame.
    ///
    /// @param lengthMax of a type's body, in bytes; [#UNKNOWN] for types that there are not
    /// @param protocol whose frames they are, for the message
    /// @throws EOFException if the connection has ended
    /// @throws IOException if what has come is no frame
    public static Envelope read(ReadableByteChannel in, IntUnaryOperator lengthMax, String protocol)
            throws IOException {
        var header = take(in, HEADER_BYTES, 0);
        int type = header.getInt();
        long length = Integer.toUnsignedLong(header.getInt());
        int sum = header.getInt();
        boolean plain = header.getInt() == 0;
        if (!plain || length > lengthMax.applyAsInt(type)) {
            throw new IOException("what has come is no frame of a " + protocol);
        }
        var frame = take(in, (int) length, HEADER_BYTES);
        if (checksum(type, frame, (int) length) != sum) {
            throw new IOException("a frame is damaged: its checksum is another");
        }
        return new Envelope(type, frame.position(HEADER_BYTES));
    }

    /// So many octets behind `ahead` that are left free. Memory is allocated as octets come, at
    /// most twice as much.
    private static ByteBuffer take(ReadableByteChannel in, int bytes, int ahead)
            throws IOException {
        int end = ahead + bytes;
        var taken = ByteBuffer.allocate(Math.min(end, 4096)).position(ahead);
        while (taken.position() < end) {
            if (!taken.hasRemaining()) {
                int larger = Math.min(end, 2 * taken.capacity());
                taken = ByteBuffer.allocate(larger).put(taken.flip());
            }
            if (in.read(taken) < 0) {
                throw new EOFException("the connection has been cut");
            }
        }
        return taken.flip().order(ByteOrder.LITTLE_ENDIAN);
    }
}
