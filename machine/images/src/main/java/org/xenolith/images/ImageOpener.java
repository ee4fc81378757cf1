package org.xenolith.images;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Opens an image and what is under it, one after the other. Names in headers are a stranger's:
/// they are followed to regular files and block devices only, not for ever, and in no format but
/// the one that is said.
final class ImageOpener {
    /// Images on top of each other.
    static final int DEPTH_MAX = 64;

    private static final int FILE_TYPE = 0170000;
    private static final int BLOCK_DEVICE = 0060000;

    /// The first so many images of the chain are opened for writing.
    private final int writable;

    private final boolean shared;
    private final List<Path> chain = new ArrayList<>();

    ImageOpener(int writable, boolean shared) {
        this.writable = writable;
        this.shared = shared;
    }

    Image open(Path file, Optional<ImageFormat> format) throws ImageException {
        boolean readOnly = chain.size() >= writable;
        enter(file);
        var storage = openFile(file, !readOnly, shared);
        try {
            var known = format.isPresent() ? format.get() : probe(storage);
            return switch (known) {
                case RAW ->
                        new RawImage(
                                storage,
                                new SideChangeLog(storage.file(), storage.size()),
                                readOnly,
                                !storage.isRegularFile());
                case QCOW2 -> openQcow2(file, storage, readOnly);
                case VHD -> openVhd(file, storage, readOnly);
            };
        } catch (ImageException | RuntimeException e) {
            storage.close();
            throw e;
        }
    }

    /// Opens what is no pipe, no terminal and no directory.
    static FileStorage openFile(Path file, boolean writable, boolean shared) throws ImageException {
        if (Files.exists(file) && !Files.isRegularFile(file) && !isBlockDevice(file)) {
            throw new ImageException.Refused(
                    file + ": is neither a regular file nor a block device");
        }
        var sharing = shared ? FileStorage.Sharing.ANYBODY : FileStorage.Sharing.READERS_ONLY;
        return FileStorage.open(file, writable, sharing);
    }

    private static boolean isBlockDevice(Path file) {
        try {
            int mode = (Integer) Files.getAttribute(file, "unix:mode");
            return (mode & FILE_TYPE) == BLOCK_DEVICE;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return false;
        }
    }

    private void enter(Path file) throws ImageException {
        if (chain.size() == DEPTH_MAX) {
            throw new ImageException.Refused(
                    "%s: its backing chain has more than %d images"
                            .formatted(chain.getFirst(), DEPTH_MAX));
        }
        Path real;
        try {
            real = file.toRealPath();
        } catch (IOException e) {
            throw new ImageException.HostFailed(
                    file + ": cannot open the file: " + FileStorage.reason(e, file), e);
        }
        if (chain.contains(real)) {
            throw new ImageException.Damaged(
                    "%s: its backing chain comes back to %s".formatted(chain.getFirst(), real));
        }
        chain.add(real);
    }

    static ImageFormat probe(Storage storage) throws ImageException {
        var start = ByteBuffer.allocate(8);
        storage.read(0, start);
        if (Qcow2Header.isMeant(start)) {
            return ImageFormat.QCOW2;
        }
        if (VhdFooter.isMeant(start)) {
            return ImageFormat.VHD;
        }
        if (storage.size() >= VhdFooter.BYTES) {
            storage.read(storage.size() - VhdFooter.BYTES, start.clear());
        }
        return VhdFooter.isMeant(start) ? ImageFormat.VHD : ImageFormat.RAW;
    }

    private Image openQcow2(Path file, FileStorage storage, boolean readOnly)
            throws ImageException {
        var header = Qcow2Header.read(storage);
        var backing = Optional.<Image>empty();
        if (header.backing().isPresent()) {
            backing = Optional.of(openBacking(file, header.backing().get()));
        }
        try {
            if (!readOnly && header.isDirty() && !header.isCorrupt()) {
                header = recover(storage, header);
            }
            return new Qcow2Image(new Qcow2Store(storage, header, readOnly), backing, readOnly);
        } catch (ImageException | RuntimeException e) {
            if (backing.isPresent()) {
                backing.get().close();
            }
            throw e;
        }
    }

    /// A crash has left reference counts that may be wrong.
    static Qcow2Header recover(Storage storage, Qcow2Header header) throws ImageException {
        var report = Qcow2Check.run(new Qcow2Store(storage, header, false), CheckReport.Repair.ALL);
        if (report.corruptions() > 0) {
            throw new ImageException.Damaged(
                    "%s: was not closed and cannot be repaired: %s"
                            .formatted(storage.name(), report.problems().getFirst()));
        }
        return Qcow2Header.read(storage);
    }

    private Image openBacking(Path file, Qcow2Header.Backing backing) throws ImageException {
        return open(backingPath(file, backing.name()), Optional.of(backingFormat(file, backing)));
    }

    static Path backingPath(Path file, String name) throws ImageException {
        var plain = name.startsWith("file:") ? name.substring("file:".length()) : name;
        if (plain.matches("[A-Za-z][A-Za-z0-9+.-]*:.*")) {
            throw new ImageException.Unsupported(
                    "%s: its backing file \"%s\" is not on this host's file system"
                            .formatted(file, name));
        }
        try {
            return file.resolveSibling(plain);
        } catch (InvalidPathException e) {
            throw new ImageException.Damaged(file + ": the name of its backing file is no path");
        }
    }

    /// Never what the backing file's first bytes say: a guest that has a raw disk can write them.
    private static ImageFormat backingFormat(Path file, Qcow2Header.Backing backing)
            throws ImageException {
        var name =
                backing.format()
                        .orElseThrow(() ->
                                new ImageException.Refused(
                                        ("%s: does not say what format its backing file"
                                                        + " %s has")
                                                .formatted(file, backing.name())));
        return ImageFormat.named(name)
                .orElseThrow(() ->
                        new ImageException.Unsupported(
                                "%s: its backing file has format \"%s\"".formatted(file, name)));
    }

    private Image openVhd(Path file, FileStorage storage, boolean readOnly) throws ImageException {
        var footer = VhdFooter.read(storage);
        var changes = new SideChangeLog(storage.file(), footer.diskBytes());
        if (footer.type() == VhdFooter.Type.FIXED) {
            return new VhdFixedImage(storage, footer, changes, readOnly);
        }
        var header = VhdHeader.read(storage, footer);
        var parent = Optional.<Image>empty();
        if (footer.type() == VhdFooter.Type.DIFFERENCING) {
            parent = Optional.of(openParent(file, storage, header));
        }
        try {
            return new VhdImage(new VhdTables(storage, footer, header), parent, changes, readOnly);
        } catch (ImageException | RuntimeException e) {
            if (parent.isPresent()) {
                parent.get().close();
            }
            throw e;
        }
    }

    private Image openParent(Path file, Storage storage, VhdHeader header) throws ImageException {
        boolean raw = header.parentId().equals(VhdHeader.NO_PARENT);
        var path = VhdParent.find(storage, header, file);
        var parent = open(path, Optional.of(raw ? ImageFormat.RAW : ImageFormat.VHD));
        var id = parent instanceof VhdImage vhd ? vhd.tables().footer().id() : header.parentId();
        if (parent instanceof VhdFixedImage fixed) {
            id = fixed.id();
        }
        if (!id.equals(header.parentId())) {
            parent.close();
            throw new ImageException.Damaged(
                    "%s: was made on top of another disk than %s".formatted(file, path));
        }
        return parent;
    }
}
