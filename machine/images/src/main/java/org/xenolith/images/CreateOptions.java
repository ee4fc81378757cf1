package org.xenolith.images;

import java.util.Optional;

/// What image to make.
///
/// @param size bytes of the disk
/// @param backing the image under it; none for raw
/// @param replace whether a file that is there may be overwritten
/// @param clusterBits qcow2: log2 of the bytes of a cluster
/// @param version qcow2: 2 or 3
/// @param refcountBits qcow2: of a reference count, a power of two up to 64
/// @param zstd qcow2: how clusters that are compressed are, not by zlib
/// @param fixed VHD: all of the disk is in the file from the begin
public record CreateOptions(
        ImageFormat format,
        long size,
        Optional<Backing> backing,
        boolean replace,
        int clusterBits,
        int version,
        int refcountBits,
        boolean zstd,
        boolean fixed) {
    private static final int CLUSTER_BITS_USUAL = 16;
    private static final int REFCOUNT_BITS_USUAL = 16;

    /// An image to lie under the new one. `name` is written as it is: relative to the directory of
    /// the new image, or absolute.
    public record Backing(String name, ImageFormat format) {}

    /// As everyone does.
    public static CreateOptions of(ImageFormat format, long size) {
        return new CreateOptions(
                format,
                size,
                Optional.empty(),
                false,
                CLUSTER_BITS_USUAL,
                3,
                REFCOUNT_BITS_USUAL,
                false,
                false);
    }

    public CreateOptions size(long bytes) {
        return new CreateOptions(
                format, bytes, backing, replace, clusterBits, version, refcountBits, zstd, fixed);
    }

    public CreateOptions on(Backing image) {
        return new CreateOptions(
                format,
                size,
                Optional.of(image),
                replace,
                clusterBits,
                version,
                refcountBits,
                zstd,
                fixed);
    }

    public CreateOptions replacing(boolean whether) {
        return new CreateOptions(
                format, size, backing, whether, clusterBits, version, refcountBits, zstd, fixed);
    }

    public CreateOptions clusters(int bits) {
        return new CreateOptions(
                format, size, backing, replace, bits, version, refcountBits, zstd, fixed);
    }

    public CreateOptions version(int number) {
        return new CreateOptions(
                format, size, backing, replace, clusterBits, number, refcountBits, zstd, fixed);
    }

    public CreateOptions refcounts(int bits) {
        return new CreateOptions(
                format, size, backing, replace, clusterBits, version, bits, zstd, fixed);
    }

    public CreateOptions packedByZstd(boolean whether) {
        return new CreateOptions(
                format, size, backing, replace, clusterBits, version, refcountBits, whether, fixed);
    }

    public CreateOptions fixed(boolean whether) {
        return new CreateOptions(
                format, size, backing, replace, clusterBits, version, refcountBits, zstd, whether);
    }
}
