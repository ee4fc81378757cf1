package org.xenolith.boot;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// Writes a newc archive, the format of Linux' initramfs (Linux'
/// Documentation/driver-api/early-userspace/buffer-format.rst). Everything belongs to root and has
/// the time 0, so that the same entries always give the same bytes.
///
/// Directories come before what they hold; names are relative, without a leading slash.
public final class CpioWriter implements AutoCloseable {
    private static final int DIRECTORY = 0040000;
    private static final int CHARACTER_DEVICE = 0020000;
    private static final int FILE = 0100000;
    private static final int SYMBOLIC_LINK = 0120000;

    private static final int BLOCK_BYTES = 512;

    private final OutputStream output;
    private long position;
    private int inode;

    public CpioWriter(OutputStream output) {
        this.output = output;
    }

    /// `permissions` are the lower twelve bits of a mode.
    public void directory(String name, int permissions) throws IOException {
        entry(name, DIRECTORY | permissions, new byte[0], 0, 0);
    }

    public void file(String name, int permissions, byte[] content) throws IOException {
        entry(name, FILE | permissions, content, 0, 0);
    }

    public void symbolicLink(String name, String target) throws IOException {
        entry(name, SYMBOLIC_LINK | 0777, target.getBytes(StandardCharsets.UTF_8), 0, 0);
    }

    public void characterDevice(String name, int permissions, int major, int minor)
            throws IOException {
        entry(name, CHARACTER_DEVICE | permissions, new byte[0], major, minor);
    }

    private void entry(String name, int mode, byte[] content, int major, int minor)
            throws IOException {
        write(name, mode, ++inode, content, major, minor);
    }

    private void write(String name, int mode, int number, byte[] content, int major, int minor)
            throws IOException {
        var nameBytes = (name + '\0').getBytes(StandardCharsets.UTF_8);
        int[] fields = {
            number, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, nameBytes.length, 0
        };
        var header = new StringBuilder("070701");
        for (int field : fields) {
            header.append("%08X".formatted(field));
        }
        put(header.toString().getBytes(StandardCharsets.US_ASCII));
        put(nameBytes);
        pad(4);
        put(content);
        pad(4);
    }

    private void put(byte[] bytes) throws IOException {
        output.write(bytes);
        position += bytes.length;
    }

    private void pad(int alignment) throws IOException {
        put(new byte[(int) (-position & (alignment - 1))]);
    }

    /// Ends the archive and closes the stream.
    @Override
    public void close() throws IOException {
        try (output) {
            write("TRAILER!!!", 0, 0, new byte[0], 0, 0);
            pad(BLOCK_BYTES);
        }
    }
}
