package org.xenolith.boot;

import io.airlift.compress.v3.lz4.Lz4JavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;

import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.XZOutputStream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;

/// Packs kernels as Linux' build does.
final class Packer {
    private Packer() {}

    static byte[] pack(Packing packing, byte[] content) {
        try {
            return switch (packing) {
                case GZIP -> gzip(content);
                case XZ -> withLength(xz(content), content.length);
                case LZMA -> withLength(lzma(content), content.length);
                case LZ4_LEGACY -> withLength(lz4(content), content.length);
                case ZSTD -> withLength(zstd(content), content.length);
                case BZIP2, LZO -> throw new IllegalArgumentException(packing.spelling());
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] withLength(byte[] packed, int length) {
        return ByteBuffer.allocate(packed.length + 4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(packed)
                .putInt(length)
                .array();
    }

    static byte[] gzip(byte[] content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var output = new GZIPOutputStream(bytes)) {
            output.write(content);
        }
        return bytes.toByteArray();
    }

    static byte[] xz(byte[] content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var output = new XZOutputStream(bytes, new LZMA2Options(0))) {
            output.write(content);
        }
        return bytes.toByteArray();
    }

    static byte[] lzma(byte[] content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var output = new LZMAOutputStream(bytes, new LZMA2Options(6), content.length)) {
            output.write(content);
        }
        return bytes.toByteArray();
    }

    static byte[] zstd(byte[] content) {
        var compressor = new ZstdJavaCompressor();
        var packed = new byte[compressor.maxCompressedLength(content.length)];
        int length = compressor.compress(content, 0, content.length, packed, 0, packed.length);
        return Arrays.copyOf(packed, length);
    }

    static byte[] lz4(byte[] content) {
        int blockBytes = 8 << 20;
        var compressor = new Lz4JavaCompressor();
        var output = new ByteArrayOutputStream();
        output.writeBytes(new byte[] {0x02, 0x21, 0x4C, 0x18});
        for (int at = 0; at < content.length; at += blockBytes) {
            int part = Math.min(blockBytes, content.length - at);
            var packed = new byte[compressor.maxCompressedLength(part)];
            int length = compressor.compress(content, at, part, packed, 0, packed.length);
            var word = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(length);
            output.writeBytes(word.array());
            output.write(packed, 0, length);
        }
        return output.toByteArray();
    }
}
