package org.xenolith.images;

import org.xenolith.linux.HostFile;
import org.xenolith.linux.LinuxException;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What the headers of an image say.
///
/// @param size bytes of the disk
/// @param hostBytes what the file takes of the host's disk, where the host says so
/// @param unitBytes in which the format allots space
/// @param backing the image under it, and where that is
/// @param points of the change log
public record ImageInfo(
        Path file,
        ImageFormat format,
        long size,
        OptionalLong hostBytes,
        OptionalLong unitBytes,
        Optional<Backing> backing,
        List<Snapshot> snapshots,
        List<ChangeLog.Point> points,
        Details details) {
    /// Images on top of each other.
    public static final int CHAIN_MAX = ImageOpener.DEPTH_MAX;

    /// `name` as it is written, `path` as it is found.
    public record Backing(String name, Path path, Optional<String> format) {}

    /// What only one format has.
    public sealed interface Details {}

    public record RawDetails() implements Details {}

    public record Qcow2Details(
            int version,
            int refcountBits,
            boolean zstd,
            boolean lazyRefcounts,
            boolean dirty,
            boolean corrupt)
            implements Details {}

    /// `kind`: fixed, dynamic or differencing.
    public record VhdDetails(String kind, String creator, String id) implements Details {}

    static ImageInfo read(Path file, FileStorage storage, ImageFormat format)
            throws ImageException {
        return switch (format) {
            case RAW -> raw(file, storage);
            case QCOW2 -> qcow2(file, storage);
            case VHD -> vhd(file, storage);
        };
    }

    private static OptionalLong hostBytes(FileStorage storage) {
        if (!HostFile.isSupported()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(HostFile.allocatedBytes(storage.file()));
        } catch (LinuxException e) {
            return OptionalLong.empty();
        }
    }

    private static ImageInfo raw(Path file, FileStorage storage) throws ImageException {
        return new ImageInfo(
                file,
                ImageFormat.RAW,
                storage.size(),
                hostBytes(storage),
                OptionalLong.empty(),
                Optional.empty(),
                List.of(),
                new SideChangeLog(storage.file(), storage.size()).points(),
                new RawDetails());
    }

    private static ImageInfo qcow2(Path file, FileStorage storage) throws ImageException {
        var header = Qcow2Header.read(storage);
        var store = new Qcow2Store(storage, header, true);
        var backing = Optional.<Backing>empty();
        if (header.backing().isPresent()) {
            var said = header.backing().get();
            backing = Optional.of(new Backing(said.name(), backingPath(file, said), said.format()));
        }
        return new ImageInfo(
                file,
                ImageFormat.QCOW2,
                header.size(),
                hostBytes(storage),
                OptionalLong.of(header.clusterBytes()),
                backing,
                Qcow2Snapshots.load(store).list(),
                Qcow2Bitmaps.load(store).points(),
                new Qcow2Details(
                        header.version(),
                        header.refcountBits(),
                        header.compression() == Qcow2Header.Compression.ZSTD,
                        (header.features().compatible() & 1) != 0,
                        header.isDirty(),
                        header.isCorrupt()));
    }

    private static Path backingPath(Path file, Qcow2Header.Backing said) throws ImageException {
        try {
            return ImageOpener.backingPath(file, said.name());
        } catch (ImageException.Unsupported e) {
            return Path.of(said.name());
        }
    }

    private static ImageInfo vhd(Path file, FileStorage storage) throws ImageException {
        var footer = VhdFooter.read(storage);
        var unit = OptionalLong.empty();
        var backing = Optional.<Backing>empty();
        if (footer.type() != VhdFooter.Type.FIXED) {
            var header = VhdHeader.read(storage, footer);
            unit = OptionalLong.of(header.blockBytes());
            if (footer.type() == VhdFooter.Type.DIFFERENCING) {
                boolean raw = header.parentId().equals(VhdHeader.NO_PARENT);
                var path = VhdParent.said(storage, header, file);
                backing =
                        Optional.of(
                                new Backing(
                                        header.parentName(),
                                        path,
                                        Optional.of(raw ? "raw" : "vpc")));
            }
        }
        return new ImageInfo(
                file,
                ImageFormat.VHD,
                footer.diskBytes(),
                hostBytes(storage),
                unit,
                backing,
                List.of(),
                new SideChangeLog(storage.file(), footer.diskBytes()).points(),
                new VhdDetails(
                        footer.type().name().toLowerCase(java.util.Locale.ROOT),
                        footer.creator().replace("\0", ""),
                        footer.id().toString()));
    }
}
