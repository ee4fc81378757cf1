package org.xenolith.images;

import org.xenolith.linux.IoVector;

import java.nio.ByteBuffer;

/// A fixed VHD file: the disk's bytes, and a footer behind them.
final class VhdFixedImage extends BaseImage {
    private final Storage storage;
    private final SideChangeLog changes;
    private VhdFooter footer;
    private volatile long size;

    VhdFixedImage(Storage storage, VhdFooter footer, SideChangeLog changes, boolean readOnly)
            throws ImageException {
        super(storage.name(), readOnly);
        this.storage = storage;
        this.changes = changes;
        this.footer = footer;
        // The disk cannot be larger than what is before the footer, whatever the footer says.
        size = footer.diskBytes();
        if (size > storage.size() - VhdFooter.BYTES) {
            throw new ImageException.Damaged(
                    "%s: is too short for a disk of %d bytes".formatted(storage.name(), size));
        }
    }

    java.util.UUID id() {
        return footer.id();
    }

    @Override
    ChangeTracker tracker() {
        return changes;
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.VHD;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    void readInside(long offset, ByteBuffer target) throws ImageException {
        storage.read(offset, target);
    }

    @Override
    void writeInside(long offset, ByteBuffer source) throws ImageException {
        storage.write(offset, source);
    }

    @Override
    public boolean isVectored() {
        return storage.isVectored();
    }

    @Override
    void readInside(long offset, IoVector targets) throws ImageException {
        storage.read(offset, targets);
    }

    @Override
    void writeInside(long offset, IoVector sources) throws ImageException {
        storage.write(offset, sources);
    }

    @Override
    void writeZeroesInside(long offset, long bytes) throws ImageException {
        storage.zero(offset, bytes);
    }

    @Override
    void discardInside(long offset, long bytes) throws ImageException {
        storage.zero(offset, bytes);
    }

    @Override
    Extent extentInside(long offset, long bytesMax) throws ImageException {
        return RawImage.extent(storage, offset, bytesMax);
    }

    @Override
    void flushFiles() throws ImageException {
        storage.flush();
    }

    @Override
    void checkNewSize(long bytes) throws ImageException {
        VhdImage.checkSize(name(), bytes);
    }

    /// The new footer is there before the old one goes.
    @Override
    void resizeAlone(long bytes) throws ImageException {
        long old = size;
        var next = footer.withSize(bytes);
        storage.write(bytes, next.encode());
        storage.flush();
        if (bytes > old) {
            long gone = Math.min(VhdFooter.BYTES, bytes - old);
            storage.zero(old, gone);
        } else {
            storage.resize(bytes + VhdFooter.BYTES);
        }
        storage.flush();
        footer = next;
        size = bytes;
    }

    @Override
    void closeAlone() throws ImageException {
        try {
            if (!readOnly()) {
                storage.flush();
                changes.save();
            }
        } finally {
            storage.close();
        }
    }
}
