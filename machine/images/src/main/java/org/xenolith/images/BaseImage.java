package org.xenolith.images;

import org.xenolith.linux.IoVector;

import java.nio.ByteBuffer;
import java.util.List;
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

    /// What is told of every change.
    abstract ChangeTracker tracker();

    /// The range is inside the image; called while [#requests] is held.
    abstract void readInside(long offset, ByteBuffer target) throws ImageException;

    abstract void writeInside(long offset, ByteBuffer source) throws ImageException;

    void readInside(long offset, IoVector targets) throws ImageException {
        targets.useEach((before, place) -> readInside(offset + before, place));
    }

    boolean readInsideAtOnce(long offset, IoVector targets) throws ImageException {
        return false;
    }

    void writeInside(long offset, IoVector sources) throws ImageException {
        sources.useEach((before, place) -> writeInside(offset + before, place));
    }

    abstract void writeZeroesInside(long offset, long bytes) throws ImageException;

    abstract void discardInside(long offset, long bytes) throws ImageException;

    /// The range is inside the image and not empty.
    abstract Extent extentInside(long offset, long bytesMax) throws ImageException;

    /// Makes what was changed durable; [#requests] is held.
    abstract void flushFiles() throws ImageException;

    /// Gives back what a flush has made free; [#requests] is not held, or held alone.
    void giveBack() throws ImageException {}

    /// Bytes of zeros or discards that are handled in one go.
    long bulkBytes() {
        return Long.MAX_VALUE;
    }

    /// Whether so much has been changed since the last flush that there should be one.
    boolean isOverdue() {
        return false;
    }

    /// Refuses a size that this image cannot have.
    abstract void checkNewSize(long bytes) throws ImageException;

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
        change(offset, source.remaining(), () -> writeInside(offset, source));
    }

    @Override
    public boolean isVectored() {
        return false;
    }

    @Override
    public final void read(long offset, IoVector targets) throws ImageException {
        requests.readLock().lock();
        try {
            checkRange(offset, targets.bytes());
            readInside(offset, targets);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public final boolean readAtOnce(long offset, IoVector targets) throws ImageException {
        if (!requests.readLock().tryLock()) {
            return false;
        }
        try {
            checkRange(offset, targets.bytes());
            return readInsideAtOnce(offset, targets);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public final void write(long offset, IoVector sources) throws ImageException {
        change(offset, sources.bytes(), () -> writeInside(offset, sources));
    }

    private void change(long offset, long bytes, Action action) throws ImageException {
        requests.readLock().lock();
        try {
            checkChange(offset, bytes);
            tracker().mark(offset, bytes);
            action.run();
        } finally {
            requests.readLock().unlock();
        }
        flushIfOverdue();
    }

    @Override
    public final void writeZeroes(long offset, long bytes) throws ImageException {
        inPieces(offset, bytes, this::writeZeroesInside);
    }

    @Override
    public final void discard(long offset, long bytes) throws ImageException {
        inPieces(offset, bytes, this::discardInside);
    }

    @FunctionalInterface
    private interface RangeAction {
        void on(long offset, long bytes) throws ImageException;
    }

    private void inPieces(long offset, long bytes, RangeAction action) throws ImageException {
        long done = 0;
        do {
            requests.readLock().lock();
            try {
                checkChange(offset + done, bytes - done);
                long at = offset + done;
                long piece = Math.min(bytes - done, bulkBytes() - at % bulkBytes());
                if (piece > 0) {
                    tracker().mark(at, piece);
                    action.on(at, piece);
                }
                done += piece;
            } finally {
                requests.readLock().unlock();
            }
            flushIfOverdue();
        } while (done < bytes);
    }

    private void flushIfOverdue() throws ImageException {
        if (isOverdue()) {
            flushAll();
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

    /// [#requests] is not held, or held alone.
    final void flushAll() throws ImageException {
        requests.readLock().lock();
        try {
            if (!closed) {
                flushFiles();
            }
        } finally {
            requests.readLock().unlock();
        }
        giveBack();
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
                checkNewSize(bytes);
                tracker().resized(bytes);
                resizeAlone(bytes);
            }
        } finally {
            requests.writeLock().unlock();
        }
    }

    @FunctionalInterface
    interface Action {
        void run() throws ImageException;
    }

    /// Does what no request may be under way for.
    final void changeAlone(Action action) throws ImageException {
        requests.writeLock().lock();
        try {
            checkOpen();
            checkWritable();
            action.run();
        } finally {
            requests.writeLock().unlock();
        }
    }

    @Override
    public ChangeLog changes() {
        return new ChangeLog() {
            @Override
            public List<Point> points() throws ImageException {
                return tracker().points();
            }

            @Override
            public void start(String name) throws ImageException {
                changeAlone(() -> tracker().start(name));
            }

            @Override
            public void remove(String name) throws ImageException {
                changeAlone(() -> tracker().remove(name));
            }

            @Override
            public List<Range> since(String name) throws ImageException {
                return tracker().since(name);
            }
        };
    }

    @Override
    public Snapshots snapshots() {
        return new NoSnapshots(name, format());
    }

    /// Of a format that has none.
    private record NoSnapshots(String name, ImageFormat format) implements Snapshots {
        private ImageException refused() {
            return new ImageException.Unsupported(
                    "%s: %s has no internal snapshots; make an overlay with 'xl image clone'"
                            .formatted(name, format.spelling()));
        }

        @Override
        public List<Snapshot> list() {
            return List.of();
        }

        @Override
        public void create(String snapshot, long wallNanos) throws ImageException {
            throw refused();
        }

        @Override
        public void apply(String snapshot) throws ImageException {
            throw refused();
        }

        @Override
        public void delete(String snapshot) throws ImageException {
            throw refused();
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
