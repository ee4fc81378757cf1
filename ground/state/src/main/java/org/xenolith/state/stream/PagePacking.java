package org.xenolith.state.stream;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.lz4.Lz4JavaCompressor;
import io.airlift.compress.v3.lz4.Lz4JavaDecompressor;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/// How the contents of PACKED_PAGES are packed: those of a record as one.
public enum PagePacking {
    /// As they are.
    NONE(0) {
        @Override
        int packedBytesMax(int length) {
            return 0;
        }

        @Override
        ByteBuffer pack(byte[] contents, int length, byte[] room) {
            return ByteBuffer.wrap(contents, 0, length);
        }

        @Override
        int unpackTo(byte[] packed, byte[] contents) {
            System.arraycopy(packed, 0, contents, 0, Math.min(packed.length, contents.length));
            return packed.length;
        }
    },

    /// A block of LZ4, without a frame.
    LZ4(1) {
        /// Asked for lengths only: one that packs has a table, and is for one thread.
        private final Lz4JavaCompressor lengths = new Lz4JavaCompressor();

        @Override
        int packedBytesMax(int length) {
            return lengths.maxCompressedLength(length);
        }

        @Override
        ByteBuffer pack(byte[] contents, int length, byte[] room) {
            int bytes = new Lz4JavaCompressor().compress(contents, 0, length, room, 0, room.length);
            return ByteBuffer.wrap(room, 0, bytes);
        }

        @Override
        int unpackTo(byte[] packed, byte[] contents) {
            return new Lz4JavaDecompressor()
                    .decompress(packed, 0, packed.length, contents, 0, contents.length);
        }
    },

    /// A frame of Zstandard.
    ZSTD(2) {
        /// Asked for lengths only: one that packs has a table, and is for one thread.
        private final ZstdJavaCompressor lengths = new ZstdJavaCompressor();

        @Override
        int packedBytesMax(int length) {
            return lengths.maxCompressedLength(length);
        }

        @Override
        ByteBuffer pack(byte[] contents, int length, byte[] room) {
            int bytes =
                    new ZstdJavaCompressor().compress(contents, 0, length, room, 0, room.length);
            return ByteBuffer.wrap(room, 0, bytes);
        }

        @Override
        int unpackTo(byte[] packed, byte[] contents) {
            return new ZstdJavaDecompressor()
                    .decompress(packed, 0, packed.length, contents, 0, contents.length);
        }
    };

    private final int number;

    PagePacking(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /// What [#pack] needs room for.
    abstract int packedBytesMax(int length);

    /// The first `length` bytes of `contents`, packed; valid as long as `contents` and `room` are
    /// unchanged.
    ///
    /// @param room for [#packedBytesMax] bytes at least
    abstract ByteBuffer pack(byte[] contents, int length, byte[] room);

    /// Fills `contents`; returns how many bytes there were. Throws [RuntimeException] for what is
    /// not packed in this way.
    abstract int unpackTo(byte[] packed, byte[] contents);

    static PagePacking of(int number) throws StreamException {
        for (var packing : values()) {
            if (packing.number == number) {
                return packing;
            }
        }
        throw new StreamException("pages are packed in a way that is not known: " + number);
    }

    /// The `length` bytes that `packed` holds.
    MemorySegment unpack(MemorySegment packed, int length) throws StreamException {
        StreamException.require(
                packed.byteSize() <= Math.max(2L * length, 64),
                "packed pages of %d bytes take %d".formatted(length, packed.byteSize()));
        var contents = new byte[length];
        if (length == 0) {
            return MemorySegment.ofArray(contents);
        }
        try {
            int bytes = unpackTo(packed.toArray(ValueLayout.JAVA_BYTE), contents);
            StreamException.require(
                    bytes == length, "packed pages have %d bytes, not %d".formatted(bytes, length));
        } catch (MalformedInputException | IllegalArgumentException e) {
            throw new StreamException("packed pages are damaged", e);
        } catch (IndexOutOfBoundsException e) {
            throw new StreamException("packed pages are damaged", e);
        }
        return MemorySegment.ofArray(contents);
    }
}
