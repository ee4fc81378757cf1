package org.xenolith.images;

import org.xenolith.linux.IoVector;

import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// A disk's bytes as they are, from the beginning of a file or a block device on.
abstract class PlainImage extends BaseImage {
    private final Storage storage;
    private final SideChangeLog changes;

    PlainImage(Storage storage, SideChangeLog changes, boolean readOnly) {
        super(storage.name(), readOnly);
        this.storage = storage;
        this.changes = changes;
    }

    final Storage storage() {
        return storage;
    }

    @Override
    ChangeTracker tracker() {
        return changes;
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
    boolean readInsideAtOnce(long offset, IoVector targets) throws ImageException {
        return storage.readAtOnce(offset, targets);
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

    /// Data or holes, as the file has them.
    @Override
    Extent extentInside(long offset, long bytesMax) throws ImageException {
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
