package org.xenolith.images;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Opens images, and does what needs one image or two and no guest.
public final class Images {
    private Images() {}

    /// Opens an image with all that is under it.
    ///
    /// An image that is opened for writing is locked against everyone else, one that is opened for
    /// reading, and each backing file, against writers; QEMU and `qemu-img` keep to the same locks.
    /// A qcow2 file that was not closed is repaired first if it says that it needs that.
    public static Image open(Path file, OpenOptions options) throws ImageException {
        var opener = new ImageOpener(options.readOnly() ? 0 : 1, options.shared());
        return opener.open(file, options.format());
    }

    /// What the file's bytes say that its format is; raw if they say nothing. Not to be believed of
    /// a file that a guest has written.
    public static ImageFormat probe(Path file) throws ImageException {
        var storage = ImageOpener.openFile(file, false, true);
        try {
            return ImageOpener.probe(storage);
        } finally {
            storage.close();
        }
    }

    /// Makes `target` an image that reads as `source` does and takes no space for it: an overlay,
    /// qcow2 or, of a VHD, a differencing disk. From then on `source` must not change.
    public static void clone(Path source, Optional<ImageFormat> sourceFormat, Path target)
            throws ImageException {
        var format = sourceFormat.isPresent() ? sourceFormat.get() : probe(source);
        long size;
        var reading = new OpenOptions(Optional.of(format), true, false);
        try (var image = open(source, reading)) {
            size = image.size();
        }
        var backing = new CreateOptions.Backing(nameFrom(target, source), format);
        var overlay = format == ImageFormat.VHD ? ImageFormat.VHD : ImageFormat.QCOW2;
        ImageCreator.create(target, CreateOptions.of(overlay, size).on(backing));
    }

    /// How a file beside `from` is to call `to`.
    private static String nameFrom(Path from, Path to) throws ImageException {
        try {
            var directory = from.toAbsolutePath().getParent().toRealPath();
            return directory.relativize(to.toRealPath()).toString();
        } catch (IOException e) {
            throw new ImageException.HostFailed(
                    from + ": cannot make the file: " + FileStorage.reason(e, from), e);
        }
    }

    /// Checks an image, and repairs it if asked to. Its backing files are not looked at.
    public static CheckReport check(
            Path file, Optional<ImageFormat> format, CheckReport.Repair repair)
            throws ImageException {
        boolean writable = repair != CheckReport.Repair.NOTHING;
        var storage = ImageOpener.openFile(file, writable, false);
        try {
            var known = format.isPresent() ? format.get() : ImageOpener.probe(storage);
            return switch (known) {
                case QCOW2 -> checkQcow2(storage, repair);
                case VHD -> VhdCheck.run(storage, repair);
                case RAW ->
                        throw new ImageException.Unsupported(
                                file + ": a raw image has nothing that could be checked");
            };
        } finally {
            storage.close();
        }
    }

    static CheckReport checkQcow2(Storage storage, CheckReport.Repair repair)
            throws ImageException {
        var header = Qcow2Header.read(storage);
        boolean readOnly = repair == CheckReport.Repair.NOTHING;
        return Qcow2Check.run(new Qcow2Store(storage, header, readOnly), repair);
    }

    /// What the headers of an image say; its backing files need not be there.
    public static ImageInfo info(Path file, Optional<ImageFormat> format, boolean shared)
            throws ImageException {
        var storage = ImageOpener.openFile(file, false, shared);
        try {
            var known = format.isPresent() ? format.get() : ImageOpener.probe(storage);
            return ImageInfo.read(file, storage, known);
        } finally {
            storage.close();
        }
    }
}
