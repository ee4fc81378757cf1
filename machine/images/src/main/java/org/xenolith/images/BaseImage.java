package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// What all formats do alike: ranges and rights are checked here once, and requests are kept apart
/// from what must be alone.
abstract class BaseImage implements Image {
    /// Requests hold it shared; resizing, closing and the giving back of space hold it alone, so
    /// that no request still has in hand where something was. Fair, lest requests starve the
    /// others.
    final ReentrantReadWriteLock requests = new ReentrantReadWriteLock(true);

    private final String name;
    private final boolean readOnly;
    private boolean closed;

    BaseImage(String name, boolean readOnly) {
        this.name = name;
        this.readOnly = readOnly;
    }

    String name() {
        return name;
    }

    @Override
    public final boolean readOnly() {
        return readOnly;
    }

    /// The range is inside the image; called while [#requests] is held.
    abstract void readInside(long offset, ByteBuffer target) throws ImageException;

    abstract void writeInside(long offset, ByteBuffer source) throws ImageException;

    abstract void writeZeroesInside(long offset, long bytes) throws ImageException;

    abstract void discardInside(long offset, long bytes) throws ImageException;

    /// The range is inside the image and not empty.
    abstract Extent extentInside(long offset, long bytesMax) throws ImageException;

    /// [#requests] is not held.
    abstract void flushAll() throws ImageException;

    /// Called alone.
    abstract void resizeAlone(long bytes) throws ImageException;

    /// Called alone, once, after a flush unless that failed.
    abstract void closeAlone() throws ImageException;

    @Override
    public final void read(long offset, ByteBuffer target) throws ImageException {
        requests.readLock().lock();
        try {
            checkRange(offset, target.remaining());
            readInside(offset, target);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public final void write(long offset, ByteBuffer source) throws ImageException {
        requests.readLock().lock();
        try {
            checkChange(offset, source.remaining());
            writeInside(offset, source);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public final void writeZeroes(long offset, long bytes) throws ImageException {
        requests.readLock().lock();
        try {
            checkChange(offset, bytes);
            if (bytes > 0) {
                writeZeroesInside(offset, bytes);
            }
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public final void discard(long offset, long bytes) throws ImageException {
        requests.readLock().lock();
        try {
            checkChange(offset, bytes);
            if (bytes > 0) {
                discardInside(offset, bytes);
            }
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public final Extent extent(long offset, long bytesMax) throws ImageException {
        requests.readLock().lock();
        try {
            checkOpen();
            long bytes = Math.min(bytesMax, size() - offset);
            if (offset < 0 || bytes <= 0) {
                throw outside(offset, bytesMax);
            }
            return extentInside(offset, bytes);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public final void flush() throws ImageException {
        requests.readLock().lock();
        try {
            checkOpen();
        } finally {
            requests.readLock().unlock();
        }
        if (!readOnly) {
            flushAll();
        }
    }

    @Override
    public final void resize(long bytes) throws ImageException {
        requests.writeLock().lock();
        try {
            checkOpen();
            checkWritable();
            if (bytes < 0) {
                throw new ImageException.Refused(name + ": a size cannot be negative");
            }
            if (bytes != size()) {
                resizeAlone(bytes);
            }
        } finally {
            requests.writeLock().unlock();
        }
    }

    @Override
    public final void close() throws ImageException {
        requests.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            closeAlone();
        } finally {
            requests.writeLock().unlock();
        }
    }

    final void checkOpen() throws ImageException {
        if (closed) {
            throw new ImageException.Refused(name + ": is closed");
        }
    }

    final void checkWritable() throws ImageException {
        if (readOnly) {
            throw new ImageException.Refused(name + ": is open for reading only");
        }
    }

    private void checkChange(long offset, long bytes) throws ImageException {
        checkRange(offset, bytes);
        checkWritable();
    }

    private void checkRange(long offset, long bytes) throws ImageException {
        checkOpen();
        if (offset < 0 || bytes < 0 || offset > size() - bytes) {
            throw outside(offset, bytes);
        }
    }

    private ImageException outside(long offset, long bytes) {
        return new ImageException.Refused(
                "%s: %d bytes at %d are not inside the image's %d bytes"
                        .formatted(name, bytes, offset, size()));
    }
}
