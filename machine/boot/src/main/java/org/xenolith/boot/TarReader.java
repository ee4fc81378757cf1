package org.xenolith.boot;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads a tar archive entry by entry, as far as Debian packages need it: ustar with GNU's long
/// names (GNU tar's manual, "Basic Tar Format"). What else there is, is skipped.
final class TarReader {
    private static final int BLOCK_BYTES = 512;
    private static final int LONG_NAME_BYTES_MAX = 4096;

    private final DataInputStream input;
    private Optional<String> longName = Optional.empty();
    private long left;
    private long padding;

    TarReader(InputStream input) {
        this.input = new DataInputStream(input);
    }

    /// A regular file; its name has neither a leading slash nor a leading `./`.
    record Entry(String name, long bytes) {}

    /// The next regular file, empty at the end of the archive.
    Optional<Entry> next() throws IOException, BootException {
        while (true) {
            input.skipNBytes(left + padding);
            left = 0;
            padding = 0;
            var header = input.readNBytes(BLOCK_BYTES);
            if (header.length < BLOCK_BYTES || header[0] == 0) {
                return Optional.empty();
            }
            left = octal(header, 124, 12);
            padding = -left & (BLOCK_BYTES - 1);
            var name = longName.orElseGet(() -> shortName(header));
            longName = Optional.empty();
            switch (header[156]) {
                case 'L' -> longName = Optional.of(text(content(LONG_NAME_BYTES_MAX)));
                case '0', 0 -> {
                    return Optional.of(new Entry(name.replaceFirst("^(\\./|/)+", ""), left));
                }
                default -> {
                    // Directories, links and the like; their content, if any, is skipped.
                }
            }
        }
    }

    /// The content of the entry returned last; at most `bytesMax`, or the archive is refused.
    byte[] content(int bytesMax) throws IOException, BootException {
        if (left > bytesMax) {
            throw new BootException("a file of the package is larger than expected");
        }
        var bytes = new byte[(int) left];
        input.readFully(bytes);
        left = 0;
        return bytes;
    }

    private static String shortName(byte[] header) {
        var prefix = header[257] == 'u' && header[262] == 0 ? text(header, 345, 155) : "";
        var name = text(header, 0, 100);
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private static String text(byte[] bytes) {
        return text(bytes, 0, bytes.length);
    }

    private static String text(byte[] bytes, int from, int lengthMax) {
        int length = 0;
        while (length < lengthMax && bytes[from + length] != 0) {
            length++;
        }
        return new String(bytes, from, length, StandardCharsets.UTF_8);
    }

    private static long octal(byte[] bytes, int from, int length) throws BootException {
        try {
            return Long.parseLong(text(bytes, from, length).strip(), 8);
        } catch (NumberFormatException e) {
            throw new BootException("the package's archive is corrupt", e);
        }
    }
}
