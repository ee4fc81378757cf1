package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/// Copies what disks hold: into a new image of any format, or down into a backing file.
public final class ImageCopy {
    private static final int PIECE_BYTES = 2 << 20;

    /// Zeros of at least this many bytes, at a multiple of it, stay holes.
    private static final int HOLE_BYTES = 4096;

    /// Is told how far a copy is.
    @FunctionalInterface
    public interface Progress {
        void done(long bytes, long ofBytes);
    }

    private ImageCopy() {}

    /// Makes `target` an image without backing file that reads as `source` does.
    ///
    /// @param options the size is at least that of the source
    /// @param pack whether to compress clusters; qcow2 only
    public static void convert(
            Image source, Path target, CreateOptions options, boolean pack, Progress progress)
            throws ImageException {
        if (pack && options.format() != ImageFormat.QCOW2) {
            throw new ImageException.Refused(target + ": only qcow2 can hold compressed clusters");
        }
        ImageCreator.create(target, options);
        try (var image = Images.open(target, OpenOptions.writing().as(options.format()))) {
            // A block device holds what it held before.
            boolean dirty = options.format() == ImageFormat.RAW && !isNew(image);
            if (pack && image instanceof Qcow2Image qcow2) {
                pack(source, qcow2, progress);
            } else {
                copy(source, image, dirty, progress);
            }
            image.flush();
        }
    }

    /// Whether a raw image that was just made is a file, and so of zeros.
    private static boolean isNew(Image image) throws ImageException {
        return image.size() == 0 || image.extent(0, image.size()).readsAsZeros();
    }

    private static void copy(Image source, Image target, boolean dirty, Progress progress)
            throws ImageException {
        var piece = ByteBuffer.allocate(PIECE_BYTES);
        for (long at = 0; at < source.size(); ) {
            var extent = source.extent(at, source.size() - at);
            if (extent.readsAsZeros()) {
                if (dirty) {
                    target.writeZeroes(at, extent.length());
                }
            } else {
                copyData(source, target, extent, dirty, piece);
            }
            at = extent.end();
            progress.done(at, source.size());
        }
    }

    private static void copyData(
            Image source, Image target, Extent extent, boolean dirty, ByteBuffer piece)
            throws ImageException {
        for (long at = extent.start(); at < extent.end(); at += piece.limit()) {
            piece.clear().limit((int) Math.min(PIECE_BYTES, extent.end() - at));
            source.read(at, piece);
            piece.flip();
            if (dirty) {
                target.write(at, piece);
            } else {
                writeWithHoles(target, at, piece);
            }
        }
    }

    /// Writes to a target of zeros what is not zeros.
    private static void writeWithHoles(Image target, long start, ByteBuffer piece)
            throws ImageException {
        int end = piece.limit();
        int at = 0;
        while (at < end) {
            boolean zeros = isHole(piece, start, at, end);
            int next = nextStep(start, at, end);
            while (next < end && isHole(piece, start, next, end) == zeros) {
                next = nextStep(start, next, end);
            }
            if (!zeros) {
                target.write(start + at, piece.slice(at, next - at));
            }
            at = next;
        }
    }

    private static int nextStep(long start, int at, int end) {
        long next = Bytes.roundUp(start + at + 1, HOLE_BYTES) - start;
        return (int) Math.min(end, next);
    }

    private static boolean isHole(ByteBuffer piece, long start, int at, int end) {
        return Bytes.areZeros(piece.slice(at, nextStep(start, at, end) - at));
    }

    private static void pack(Image source, Qcow2Image target, Progress progress)
            throws ImageException {
        int clusterBytes = target.clusterBytes();
        var cluster = ByteBuffer.allocate(clusterBytes);
        for (long at = 0; at < source.size(); ) {
            var extent = source.extent(at, source.size() - at);
            if (extent.readsAsZeros() && extent.end() < source.size()) {
                long end = extent.end() / clusterBytes * clusterBytes;
                if (end > at) {
                    at = end;
                    continue;
                }
            }
            cluster.clear();
            int bytes = (int) Math.min(clusterBytes, source.size() - at);
            source.read(at, cluster.limit(bytes));
            Bytes.fillWithZeros(cluster.limit(clusterBytes), clusterBytes - bytes);
            cluster.flip();
            if (!Bytes.areZeros(cluster)) {
                target.writePacked(at, cluster);
            }
            at += bytes;
            progress.done(at, source.size());
        }
    }

    /// Writes what an overlay holds into its backing file, which grows if it must; what is under
    /// that stays as it is. Unless it is to be kept, the overlay is empty afterwards. Nobody may
    /// use either, and no other overlay of the same backing file may be of use to anyone any more.
    public static void commit(
            Path overlay, Optional<ImageFormat> format, boolean keep, Progress progress)
            throws ImageException {
        try (var image = new ImageOpener(2, false).open(overlay, format)) {
            var backing = backing(image);
            if (backing.size() < image.size()) {
                backing.resize(image.size());
            }
            var piece = ByteBuffer.allocate(PIECE_BYTES);
            for (long at = 0; at < image.size(); ) {
                var extent = image.extent(at, image.size() - at);
                if (extent.depth() == 0) {
                    commitExtent(image, backing, extent, piece);
                }
                at = extent.end();
                progress.done(at, image.size());
            }
            backing.flush();
            if (!keep) {
                empty(image);
            }
        }
    }

    private static void commitExtent(Image image, Image backing, Extent extent, ByteBuffer piece)
            throws ImageException {
        switch (extent.kind()) {
            case ABSENT -> {}
            case ZERO -> backing.writeZeroes(extent.start(), extent.length());
            case DATA, COMPRESSED -> copyData(image, backing, extent, true, piece);
        }
    }

    private static Image backing(Image image) throws ImageException {
        var backing =
                switch (image) {
                    case Qcow2Image qcow2 -> qcow2.backing();
                    case VhdImage vhd -> vhd.parent();
                    default -> Optional.<Image>empty();
                };
        return backing.orElseThrow(() ->
                new ImageException.Refused(((BaseImage) image).name() + ": has no backing file"));
    }

    private static void empty(Image image) throws ImageException {
        switch (image) {
            case Qcow2Image qcow2 -> qcow2.changeAlone(qcow2::empty);
            case VhdImage vhd -> vhd.changeAlone(vhd::empty);
            default -> {}
        }
    }
}
