package org.xenolith.images;

import org.xenolith.linux.IoVector;

import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// A disk's bytes and nothing else, in a file or a block device.
final class RawImage extends BaseImage {
    private final Storage storage;
    private final SideChangeLog changes;
    private final boolean fixedSize;
    private volatile long size;

    /// `fixedSize`: of a block device.
    RawImage(Storage storage, SideChangeLog changes, boolean readOnly, boolean fixedSize)
            throws ImageException {
        super(storage.name(), readOnly);
        this.storage = storage;
        this.changes = changes;
        this.fixedSize = fixedSize;
        size = storage.size();
    }

    @Override
    ChangeTracker tracker() {
        return changes;
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.RAW;
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
        return extent(storage, offset, bytesMax);
    }

    /// Of a file that holds the disk's bytes as they are: data or holes.
    static Extent extent(Storage storage, long offset, long bytesMax) throws ImageException {
        long data = storage.nextData(offset);
        if (data > offset) {
            long length = Math.min(bytesMax, data - offset);
            return new Extent(offset, length, Extent.Kind.ZERO, 0, OptionalLong.of(offset));
        }
        long length = Math.min(bytesMax, storage.nextHole(offset) - offset);
        if (length <= 0) { // The file has become shorter by another's hand.
            return new Extent(offset, bytesMax, Extent.Kind.ZERO, 0, OptionalLong.empty());
        }
        return new Extent(offset, length, Extent.Kind.DATA, 0, OptionalLong.of(offset));
    }

    @Override
    void flushFiles() throws ImageException {
        storage.flush();
    }

    @Override
    void checkNewSize(long bytes) throws ImageException {
        if (fixedSize) {
            throw new ImageException.Refused(name() + ": a block device cannot be resized");
        }
    }

    @Override
    void resizeAlone(long bytes) throws ImageException {
        storage.resize(bytes);
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
