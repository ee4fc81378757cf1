package org.xenolith.xl.control;

import org.xenolith.board.DomainException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/// What `xl save` puts around the stream of a machine: the header of Xen's xl with the domain's
/// configuration (tools/xl/xl.h in the Xen tree), and libxl's framing
/// (docs/specs/libxl-migration-stream.pandoc there). See docs/specs/saved-file.md.
public final class SavedFile {
    /// `savefileheader_magic`
    private static final byte[] MAGIC =
            "Xen saved domain, xl format\n \0 \r".getBytes(StandardCharsets.US_ASCII);

    /// `SAVEFILE_BYTEORDER_VALUE`
    private static final int BYTE_ORDER = 0x0102_0304;

    /// `XL_MANDATORY_FLAG_STREAMv2`; without `XL_MANDATORY_FLAG_JSON` the configuration is an
    /// xl.cfg.
    private static final int FLAGS = 2;

    private static final int HEADER_BYTES = 48;

    /// "LibxlFmt", version 2, no options; then a record LIBXC_CONTEXT.
    private static final long LIBXL_IDENT = 0x4C69_6278_6C46_6D74L;

    private static final int LIBXL_VERSION = 2;
    private static final int LIBXL_BYTES = 16;
    private static final int LIBXC_CONTEXT = 1;
    private static final int RECORD_BYTES = 8;

    /// Of the configuration.
    private static final int TEXT_BYTES_MAX = 4 << 20;

    private static final int ALIGNMENT = 8;

    private SavedFile() {}

    /// Where the machine's stream begins, and the domain's configuration as an xl.cfg.
    public record Header(String config, long streamPosition) {}

    /// Writes all that comes before the machine's stream; returns how many bytes that are.
    static long writeHead(WritableByteChannel channel, String config) throws IOException {
        var text = config.getBytes(StandardCharsets.UTF_8);
        if (text.length > TEXT_BYTES_MAX) {
            throw new IOException("the configuration is too long to be saved");
        }
        int used = HEADER_BYTES + Integer.BYTES + text.length + Integer.BYTES;
        int padding = -used & ALIGNMENT - 1;
        int optional = used + padding - HEADER_BYTES;
        var head =
                ByteBuffer.allocate(HEADER_BYTES + optional + LIBXL_BYTES + RECORD_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(MAGIC)
                        .putInt(BYTE_ORDER)
                        .putInt(FLAGS)
                        .putInt(0)
                        .putInt(optional)
                        .putInt(text.length)
                        .put(text)
                        .put(new byte[padding]);
        head.putInt(checksum(head.duplicate().flip()));
        head.order(ByteOrder.BIG_ENDIAN).putLong(LIBXL_IDENT).putInt(LIBXL_VERSION).putInt(0);
        head.order(ByteOrder.LITTLE_ENDIAN).putInt(LIBXC_CONTEXT).putInt(0);
        Lines.writeAll(channel, head.flip());
        return head.limit();
    }

    /// Writes what comes after the machine's stream: libxl's END.
    static void writeTail(WritableByteChannel channel) throws IOException {
        Lines.writeAll(channel, ByteBuffer.allocate(RECORD_BYTES));
    }

    private static int checksum(ByteBuffer bytes) {
        var sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }

    /// Reads and checks what comes before the machine's stream.
    ///
    /// @throws DomainException if this is no such file, or it is damaged
    public static Header read(MemorySegment file) throws DomainException {
        require(
                file.byteSize() >= HEADER_BYTES
                        && file.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) < 0,
                "it is not a saved domain");
        var header = buffer(file, MAGIC.length, HEADER_BYTES - MAGIC.length);
        require(header.getInt() == BYTE_ORDER, "its byte order is another");
        int flags = header.getInt();
        require(
                flags == FLAGS && header.getInt() == 0,
                "its flags are 0x%x, which are not known".formatted(flags));
        long optional = Integer.toUnsignedLong(header.getInt());
        long end = HEADER_BYTES + optional;
        require(
                optional >= 2 * Integer.BYTES
                        && optional <= TEXT_BYTES_MAX + ALIGNMENT * 2
                        && end + LIBXL_BYTES + RECORD_BYTES <= file.byteSize(),
                "it has no configuration");
        long length = Integer.toUnsignedLong(buffer(file, HEADER_BYTES, Integer.BYTES).getInt());
        require(length <= optional - 2 * Integer.BYTES, "its configuration is cut off");
        int sum = buffer(file, end - Integer.BYTES, Integer.BYTES).getInt();
        require(
                sum == checksum(buffer(file, 0, end - Integer.BYTES)),
                "its header is damaged: the checksum is another");
        requireLibxl(buffer(file, end, LIBXL_BYTES + RECORD_BYTES));
        var text = file.asSlice(HEADER_BYTES + Integer.BYTES, length);
        return new Header(
                new String(text.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8),
                end + LIBXL_BYTES + RECORD_BYTES);
    }

    private static void requireLibxl(ByteBuffer bytes) throws DomainException {
        bytes.order(ByteOrder.BIG_ENDIAN);
        require(
                bytes.getLong() == LIBXL_IDENT
                        && bytes.getInt() == LIBXL_VERSION
                        && bytes.getInt() == 0,
                "it has no stream of libxl's version 2");
        bytes.order(ByteOrder.LITTLE_ENDIAN);
        require(
                bytes.getInt() == LIBXC_CONTEXT && bytes.getInt() == 0,
                "its stream does not begin with the machine");
    }

    private static ByteBuffer buffer(MemorySegment file, long at, long bytes) {
        return file.asSlice(at, bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void require(boolean holds, String wrong) throws DomainException {
        if (!holds) {
            throw new DomainException(wrong);
        }
    }
}
