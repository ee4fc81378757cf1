package org.xenolith.board;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Writes down what is done to a disk, for somebody who keeps a copy. What is done at the same time
/// is done one by one here, so that what is written down is what the disk holds in the end. May be
/// used from any thread.
final class DiskJournal implements AutoCloseable {
    /// With more than that in it no further requests are begun.
    private static final long ENOUGH_BYTES = 16 << 20;

    private DiskChanges changes;

    DiskJournal(DiskChanges first) {
        changes = first;
    }

    /// What is done to the disk itself.
    @FunctionalInterface
    interface Action {
        void perform() throws IOException;
    }

    /// @param source what `write` writes to `offset`; is not changed
    synchronized void write(long offset, ByteBuffer source, Action write) throws IOException {
        write.perform();
        changes.written(offset, source);
    }

    synchronized void zero(long offset, long bytes, Action zeroing) throws IOException {
        zeroing.perform();
        changes.zeroed(offset, bytes);
    }

    synchronized boolean isFull() {
        return changes.bytes() >= ENOUGH_BYTES;
    }

    /// Goes on in `next`, which is empty; returns what has been done until now.
    synchronized DiskChanges exchange(DiskChanges next) {
        var before = changes;
        changes = next;
        return before;
    }

    /// Nothing more is written down.
    @Override
    public synchronized void close() {
        changes.close();
    }
}
