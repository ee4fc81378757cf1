package org.xenolith.images;

import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/// Packs and unpacks single clusters of a qcow2 file.
final class ClusterCodec {
    private static final int ZSTD_MAGIC = 0xFD2FB528;
    private static final int ZSTD_BLOCK_HEADER_BYTES = 3;
    private static final int ZSTD_BLOCK_RLE = 1;
    private static final int ZSTD_BLOCK_RESERVED = 3;
    private static final int[] ZSTD_DICTIONARY_ID_BYTES = {0, 1, 2, 4};
    private static final int[] ZSTD_CONTENT_SIZE_BYTES = {0, 2, 4, 8};

    private ClusterCodec() {}

    /// The cluster that `packed` begins with; what follows it in `packed` is not looked at. Empty
    /// if there is none.
    static Optional<byte[]> unpack(
            Qcow2Header.Compression compression, byte[] packed, int clusterBytes) {
        return switch (compression) {
            case ZLIB -> inflate(packed, clusterBytes);
            case ZSTD -> unpackZstd(packed, clusterBytes);
        };
    }

    /// `cluster` in fewer bytes; empty if it does not become smaller.
    static Optional<ByteBuffer> pack(Qcow2Header.Compression compression, byte[] cluster) {
        var packed =
                switch (compression) {
                    case ZLIB -> deflate(cluster);
                    case ZSTD -> packZstd(cluster);
                };
        return packed.hasRemaining() && packed.remaining() < cluster.length
                ? Optional.of(packed)
                : Optional.empty();
    }

    private static Optional<byte[]> inflate(byte[] packed, int clusterBytes) {
        var cluster = new byte[clusterBytes];
        try (var inflater = new Inflater(true)) {
            inflater.setInput(packed);
            int done = 0;
            while (done < clusterBytes) {
                int count = inflater.inflate(cluster, done, clusterBytes - done);
                if (count == 0) {
                    return Optional.empty();
                }
                done += count;
            }
            return Optional.of(cluster);
        } catch (DataFormatException e) {
            return Optional.empty();
        }
    }

    private static ByteBuffer deflate(byte[] cluster) {
        var packed = new byte[cluster.length];
        try (var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
            deflater.setInput(cluster);
            deflater.finish();
            int count = deflater.deflate(packed);
            return ByteBuffer.wrap(packed, 0, deflater.finished() ? count : 0);
        }
    }

    private static Optional<byte[]> unpackZstd(byte[] packed, int clusterBytes) {
        int frameBytes = zstdFrameBytes(ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN));
        if (frameBytes < 0) {
            return Optional.empty();
        }
        var cluster = new byte[clusterBytes];
        try {
            int count =
                    new ZstdJavaDecompressor()
                            .decompress(packed, 0, frameBytes, cluster, 0, clusterBytes);
            return count == clusterBytes ? Optional.of(cluster) : Optional.empty();
        } catch (RuntimeException e) {
            return Optional.empty(); // The decoder has several unchecked ones for bad input.
        }
    }

    private static ByteBuffer packZstd(byte[] cluster) {
        var compressor = new ZstdJavaCompressor();
        var packed = new byte[compressor.maxCompressedLength(cluster.length)];
        int count = compressor.compress(cluster, 0, cluster.length, packed, 0, packed.length);
        return ByteBuffer.wrap(packed, 0, count);
    }

    /// How long the frame is that `packed` begins with (RFC 8878, 3.1.1), which the decoder has to
    /// know; -1 if there is no whole one.
    private static int zstdFrameBytes(ByteBuffer packed) {
        if (packed.limit() < 6 || packed.getInt(0) != ZSTD_MAGIC) {
            return -1;
        }
        int descriptor = packed.get(4);
        boolean singleSegment = (descriptor & 0x20) != 0;
        int sizeCode = descriptor >> 6 & 3;
        int at = 5 + (singleSegment ? 0 : 1) + ZSTD_DICTIONARY_ID_BYTES[descriptor & 3];
        at += singleSegment && sizeCode == 0 ? 1 : ZSTD_CONTENT_SIZE_BYTES[sizeCode];
        while (at + ZSTD_BLOCK_HEADER_BYTES <= packed.limit()) {
            int block = packed.getShort(at) & 0xFFFF | (packed.get(at + 2) & 0xFF) << Short.SIZE;
            int type = block >> 1 & 3;
            if (type == ZSTD_BLOCK_RESERVED) {
                return -1;
            }
            at += ZSTD_BLOCK_HEADER_BYTES + (type == ZSTD_BLOCK_RLE ? 1 : block >> 3);
            if ((block & 1) != 0) {
                at += (descriptor & 4) != 0 ? 4 : 0;
                return at <= packed.limit() ? at : -1;
            }
        }
        return -1;
    }
}
