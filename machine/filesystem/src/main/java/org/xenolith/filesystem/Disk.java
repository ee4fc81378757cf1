package org.xenolith.filesystem;

import java.nio.ByteBuffer;

/// The bytes of a disk or of a part of one, to be read.
public interface Disk {
    /// Bytes up to the end.
    long size();

    /// Fills what remains of `target` with what is at `offset`. A range that is not inside of the
    /// disk is [DiskException.Damaged]: it was the disk that said to look there.
    void read(long offset, ByteBuffer target) throws DiskException;

    /// Refuses a range outside of the disk.
    default void requireInside(long offset, long bytes) throws DiskException.Damaged {
        if (offset < 0 || bytes < 0 || offset > size() || bytes > size() - offset) {
            throw new DiskException.Damaged(
                    "it points to byte %s, and ends at %d"
                            .formatted(Long.toUnsignedString(offset), size()));
        }
    }
}
