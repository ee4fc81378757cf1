package org.xenolith.filesystem;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/// A disk in memory.
record ArrayDisk(byte[] bytes) implements Disk {
    static ArrayDisk of(Path file) throws Exception {
        return new ArrayDisk(Files.readAllBytes(file));
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws DiskException {
        requireInside(offset, target.remaining());
        target.put(bytes, (int) offset, target.remaining());
    }
}
