package org.xenolith.xl.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/// One line of JSON at a time over a channel that may carry raw bytes afterwards, so nothing behind
/// the line is read.
final class Lines {
    /// Bytes of a request; a path of the host, whose every byte may be escaped, fits.
    static final int REQUEST_BYTES_MAX = 32 * 1024;

    /// Bytes of an answer.
    static final int ANSWER_BYTES_MAX = 8 << 20;

    private Lines() {}

    /// A line without its newline; null at the end of the stream.
    static String read(ReadableByteChannel channel, int bytesMax) throws IOException {
        var line = new java.io.ByteArrayOutputStream();
        var one = ByteBuffer.allocate(1);
        while (channel.read(one) >= 0) {
            byte b = one.get(0);
            if (b == '\n') {
                return line.toString(StandardCharsets.UTF_8);
            }
            if (line.size() == bytesMax) {
                throw new IOException("line of more than " + bytesMax + " bytes");
            }
            line.write(b);
            one.clear();
        }
        return null;
    }

    static void write(WritableByteChannel channel, String line) throws IOException {
        writeAll(channel, ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
