package org.xenolith.boot;

import org.tukaani.xz.SingleXZInputStream;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.GZIPInputStream;

/// Looks at a ramdisk before the guest does, so that a truncated one is refused by name instead of
/// ending in a guest's panic.
///
/// A ramdisk is a series of parts, each a newc archive, plain or packed, with zeros between (Linux'
/// Documentation/driver-api/early-userspace/buffer-format.rst). From the first part that is not
/// recognised on, everything is accepted, as Linux accepts it.
final class Ramdisk {
    private static final int XZ_MEMORY_KIBIBYTES_MAX = 160 << 10;

    /// What an LZ4 legacy block can have at most: 8 MiB that did not become smaller.
    private static final long LZ4_PACKED_BLOCK_BYTES_MAX = (8 << 20) + (8 << 20) / 255 + 16;

    private final MemorySegment content;
    private final ByteReader reader;
    private final long ramBytes;

    private Ramdisk(MemorySegment content, long ramBytes) {
        this.content = content;
        this.reader = new ByteReader(content, "the ramdisk");
        this.ramBytes = ramBytes;
    }

    /// The file's length in bytes. Refuses a missing, empty or truncated ramdisk, one that holds
    /// more than `ramBytes`, the guest's memory; the message does not name the file.
    static long check(Path file, long ramBytes) throws BootException {
        Content.checkRegular(file);
        try (var channel = FileChannel.open(file, StandardOpenOption.READ);
                var arena = Arena.ofConfined()) {
            long size = channel.size();
            Content.checkSize(size, ramBytes);
            check(channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena), ramBytes);
            return size;
        } catch (IOException e) {
            throw Content.unreadable(e);
        } catch (InternalError e) {
            throw new BootException("the file shrank while it was read", e);
        }
    }

    /// The same for bytes in memory.
    static void check(MemorySegment content, long ramBytes) throws BootException {
        new Ramdisk(content, ramBytes).checkParts();
    }

    private void checkParts() throws BootException {
        long at = 0;
        while (at >= 0 && at < content.byteSize()) {
            at = reader.u8(at) == 0 ? at + 1 : endOfPart(at);
        }
    }

    /// Where the part that begins at `at` ends, or -1 for a part that is not understood.
    private long endOfPart(long at) throws BootException {
        var rest = content.asSlice(at);
        if (CpioHeader.hasMagic(rest)) {
            return at + endOfArchive(rest);
        }
        var packing = Packing.of(rest);
        if (packing.isEmpty()) {
            return -1;
        }
        return switch (packing.get()) {
            case GZIP -> {
                drain(GZIPInputStream::new, rest);
                yield -1; // the stream reads past its end
            }
            case XZ -> at + drain(in -> new SingleXZInputStream(in, XZ_MEMORY_KIBIBYTES_MAX), rest);
            case ZSTD -> at + endOfZstd(rest);
            case LZ4_LEGACY -> endOfLz4(at);
            case BZIP2, LZMA, LZO -> -1;
        };
    }

    private static long endOfArchive(MemorySegment archive) throws BootException {
        for (long at = 0; ; ) {
            var header = CpioHeader.parse(archive, at);
            at = header.next();
            if (at > archive.byteSize()) {
                throw new BootException("the ramdisk is truncated");
            }
            if (header.name().equals(CpioHeader.TRAILER)) {
                return at;
            }
        }
    }

    @FunctionalInterface
    private interface Unpacker {
        InputStream open(InputStream packed) throws IOException;
    }

    /// Unpacks without keeping anything; returns how many packed bytes were read.
    private long drain(Unpacker unpacker, MemorySegment packed) throws BootException {
        var input = new SegmentInputStream(packed);
        var buffer = new byte[1 << 16];
        long unpackedBytes = 0;
        try (var unpacked = unpacker.open(input)) {
            for (int count = unpacked.read(buffer); count >= 0; count = unpacked.read(buffer)) {
                unpackedBytes += count;
                if (unpackedBytes > ramBytes) {
                    throw new BootException(
                            "the ramdisk unpacks to more than the guest's memory of "
                                    + Content.mebibytes(ramBytes));
                }
            }
        } catch (IOException | RuntimeException e) {
            throw new BootException("the ramdisk is truncated or corrupt", e);
        }
        return input.position();
    }

    /// Walks a frame's blocks without unpacking them (RFC 8878, section 3.1.1).
    private static long endOfZstd(MemorySegment frame) throws BootException {
        var reader = new ByteReader(frame, "the ramdisk");
        int descriptor = reader.u8(4);
        boolean singleSegment = (descriptor & 0x20) != 0;
        boolean checksum = (descriptor & 0x04) != 0;
        int dictionaryBytes = new int[] {0, 1, 2, 4}[descriptor & 3];
        int lengthBytes = new int[] {singleSegment ? 1 : 0, 2, 4, 8}[descriptor >> 6];
        long at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes + lengthBytes;
        boolean last;
        do {
            int header = reader.u16(at) | reader.u8(at + 2) << 16;
            last = (header & 1) != 0;
            boolean runLength = (header >> 1 & 3) == 1;
            at += 3 + (runLength ? 1 : header >> 3);
        } while (!last);
        long end = at + (checksum ? 4 : 0);
        reader.slice(0, end);
        return end;
    }

    private long endOfLz4(long start) throws BootException {
        long at = start + 4;
        while (at < content.byteSize()) {
            long length = reader.u32(at);
            if (length == 0 || length > LZ4_PACKED_BLOCK_BYTES_MAX) {
                return at; // padding, or the next part
            }
            reader.slice(at + 4, length);
            at += 4 + length;
        }
        return at;
    }

    /// The header of one entry of a newc archive.
    ///
    /// @param next where the next header is, from the archive's beginning
    private record CpioHeader(String name, long next) {
        static final String TRAILER = "TRAILER!!!";

        private static final int HEADER_BYTES = 110;
        private static final int NAME_BYTES_MAX = 4096;
        private static final byte[] MAGIC = "07070".getBytes(StandardCharsets.US_ASCII);

        static boolean hasMagic(MemorySegment content) {
            return content.byteSize() >= MAGIC.length
                    && content.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) < 0;
        }

        static CpioHeader parse(MemorySegment archive, long at) throws BootException {
            var reader = new ByteReader(archive, "the ramdisk");
            var kind = reader.slice(at, MAGIC.length + 1);
            int version = reader.u8(at + MAGIC.length);
            if (!hasMagic(kind) || (version != '1' && version != '2')) {
                throw new BootException("the ramdisk is no newc archive, or corrupt");
            }
            long fileBytes = hexadecimal(reader, at + 54);
            long nameBytes = hexadecimal(reader, at + 94);
            if (nameBytes == 0 || nameBytes > NAME_BYTES_MAX) {
                throw new BootException("the ramdisk is corrupt");
            }
            var name = new byte[(int) nameBytes - 1];
            reader.slice(at + HEADER_BYTES, name.length).asByteBuffer().get(name);
            long data = align(at + HEADER_BYTES + nameBytes);
            return new CpioHeader(
                    new String(name, StandardCharsets.ISO_8859_1), align(data + fileBytes));
        }

        private static long align(long offset) {
            return (offset + 3) & ~3L;
        }

        private static long hexadecimal(ByteReader reader, long at) throws BootException {
            long value = 0;
            for (int i = 0; i < 8; i++) {
                int digit = Character.digit(reader.u8(at + i), 16);
                if (digit < 0) {
                    throw new BootException("the ramdisk is corrupt");
                }
                value = value << 4 | digit;
            }
            return value;
        }
    }
}
