package org.xenolith.filesystem;

import java.nio.ByteBuffer;

/// A part of a disk that its partition table names. It may lie outside of the disk: then every
/// access is refused.
///
/// @param number from 1, as in `xvda1`
/// @param active whether the table marks it as the one to boot from
public record Partition(
        Disk whole, Scheme scheme, int number, long offset, long bytes, boolean active)
        implements Disk {

    /// What kind of table it is in; the names are GRUB's.
    public enum Scheme {
        MSDOS,
        GPT
    }

    @Override
    public long size() {
        return bytes;
    }

    @Override
    public void read(long at, ByteBuffer target) throws DiskException {
        requireInside(at, target.remaining());
        if (offset > whole.size() - bytes) {
            throw new DiskException.Damaged(
                    "partition %d ends behind the end of the disk".formatted(number));
        }
        whole.read(offset + at, target);
    }
}
