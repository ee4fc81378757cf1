package org.xenolith.images;

/// Where a compressed cluster is in a qcow2 file: `bytes` from `offset` on, of which the last may
/// belong to the next one.
record CompressedPlace(long offset, int bytes) {
    static final int SECTOR_BYTES = 512;

    /// docs/interop/qcow2 in QEMU's tree, Compressed Clusters Descriptor.
    static CompressedPlace of(long l2Entry, int clusterBits) {
        int sectorsAt = 62 - (clusterBits - 8);
        long offset = l2Entry & (1L << sectorsAt) - 1;
        long sectors = (l2Entry & ClusterMap.COMPRESSED - 1) >> sectorsAt;
        long bytes = (sectors + 1) * SECTOR_BYTES - (offset & SECTOR_BYTES - 1);
        return new CompressedPlace(offset, (int) bytes);
    }

    static long entry(long offset, int bytes, int clusterBits) {
        int sectorsAt = 62 - (clusterBits - 8);
        long sectors = (offset + bytes - 1) / SECTOR_BYTES - offset / SECTOR_BYTES;
        return ClusterMap.COMPRESSED | sectors << sectorsAt | offset;
    }

    long end() {
        return offset + bytes;
    }
}
