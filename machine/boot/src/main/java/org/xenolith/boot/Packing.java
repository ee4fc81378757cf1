package org.xenolith.boot;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/// The ways in which Linux packs kernels and ramdisks, told apart by their first bytes (Linux'
/// lib/decompress.c).
enum Packing {
    GZIP("gzip", "1f8b"),
    BZIP2("bzip2", "425a68"),
    LZMA("lzma", "5d0000"),
    XZ("xz", "fd377a585a00"),
    LZO("lzo", "894c5a4f000d0a1a0a"),
    LZ4_LEGACY("lz4", "02214c18"),
    ZSTD("zstd", "28b52ffd");

    private final String spelling;
    private final byte[] magic;

    Packing(String spelling, String magic) {
        this.spelling = spelling;
        this.magic = HexFormat.of().parseHex(magic);
    }

    /// The format's own name.
    String spelling() {
        return spelling;
    }

    /// Which packing `content` begins with, if any.
    static Optional<Packing> of(MemorySegment content) {
        return Arrays.stream(values()).filter(packing -> packing.begins(content)).findFirst();
    }

    private boolean begins(MemorySegment content) {
        if (content.byteSize() < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if (content.get(ValueLayout.JAVA_BYTE, i) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}
