package org.xenolith.boot;

import io.airlift.compress.v3.lz4.Lz4JavaDecompressor;

import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;
import org.xenolith.base.Bug;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.GZIPInputStream;

/// Unpacks what is packed in the manner of a Linux kernel: whatever the format, the last four bytes
/// are the unpacked length (for gzip they are part of the format, for all others Linux' build
/// appends them).
final class Decompression {
    private static final int LENGTH_BYTES = 4;

    /// An LZ4 legacy block unpacks to at most this much (lz4's lz4_Frame_format.md).
    private static final int LZ4_BLOCK_BYTES = 8 << 20;

    private static final int LZ4_MAGIC_BYTES = 4;

    /// The largest dictionary that is accepted, as memory of the xz decoder; Linux packs with 32
    /// MiB, larger for a 128 MiB kernel.
    private static final int XZ_MEMORY_KIBIBYTES_MAX = 160 << 10;

    private Decompression() {}

    /// Unpacks `packed` into memory of `arena`. More than `bytesMax` is refused before anything is
    /// unpacked.
    static MemorySegment unpack(MemorySegment packed, long bytesMax, Arena arena)
            throws BootException {
        var packing =
                Packing.of(packed)
                        .orElseThrow(
                                () -> new BootException("the kernel's packing is not recognised"));
        if (packing == Packing.BZIP2 || packing == Packing.LZO) {
            throw new BootException(
                    "the kernel is packed with %s, which is not supported; gzip, xz, lzma, lz4 and"
                                    .formatted(packing.spelling())
                            + " zstd are");
        }
        var reader = new ByteReader(packed, "the packed kernel");
        long lengthAt = packed.byteSize() - LENGTH_BYTES;
        long length = reader.u32(lengthAt);
        if (length > bytesMax || length > Integer.MAX_VALUE) {
            throw new BootException(
                    "the kernel unpacks to %s, more than the guest's memory of %s"
                            .formatted(Content.mebibytes(length), Content.mebibytes(bytesMax)));
        }
        var output = Content.allocate(length, arena);
        long unpacked = unpack(packing, packed, lengthAt, output);
        if (unpacked != length) {
            throw new BootException(
                    "the %s-packed kernel has %d bytes, not %d as it says"
                            .formatted(packing.spelling(), unpacked, length));
        }
        return output;
    }

    private static long unpack(
            Packing packing, MemorySegment packed, long lengthAt, MemorySegment output)
            throws BootException {
        var body = packed.asSlice(0, lengthAt);
        try {
            return switch (packing) {
                case GZIP ->
                        drain(new GZIPInputStream(new SegmentInputStream(packed), 1 << 16), output);
                case XZ ->
                        drain(
                                new SingleXZInputStream(
                                        new SegmentInputStream(body), XZ_MEMORY_KIBIBYTES_MAX),
                                output);
                case LZMA ->
                        drain(
                                new LZMAInputStream(
                                        new SegmentInputStream(body), XZ_MEMORY_KIBIBYTES_MAX),
                                output);
                case LZ4_LEGACY -> lz4(body, output);
                case ZSTD -> ZstdFrame.unpack(body, output);
                case BZIP2, LZO -> throw new Bug("this packing was refused before");
            };
        } catch (Bug e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // The codecs refuse bad input by several unchecked exceptions beside their own.
            throw new BootException(
                    "the %s-packed kernel is truncated or corrupt".formatted(packing.spelling()),
                    e);
        }
    }

    /// Fills `output` and returns how many bytes there were; at most one more than fits.
    private static long drain(InputStream input, MemorySegment output) throws IOException {
        var buffer = new byte[1 << 16];
        long done = 0;
        try (input) {
            while (done < output.byteSize()) {
                int want = (int) Math.min(buffer.length, output.byteSize() - done);
                int count = input.read(buffer, 0, want);
                if (count < 0) {
                    return done;
                }
                MemorySegment.copy(buffer, 0, output, ValueLayout.JAVA_BYTE, done, count);
                done += count;
            }
            return input.read() < 0 ? done : done + 1;
        }
    }

    /// A series of blocks, each preceded by its packed length.
    private static long lz4(MemorySegment body, MemorySegment output) throws BootException {
        var reader = new ByteReader(body, "the lz4-packed kernel");
        var decompressor = new Lz4JavaDecompressor();
        long done = 0;
        for (long at = LZ4_MAGIC_BYTES; at < body.byteSize(); ) {
            long length = reader.u32(at);
            var block = reader.slice(at + 4, length);
            long room = Math.min(LZ4_BLOCK_BYTES, output.byteSize() - done);
            done += decompressor.decompress(block, output.asSlice(done, room));
            at += 4 + length;
        }
        return done;
    }
}
