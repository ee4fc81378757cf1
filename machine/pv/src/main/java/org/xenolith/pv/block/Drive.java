package org.xenolith.pv.block;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// Holds the disk, or is empty as a CD-ROM drive may be. A disk that is taken out is not in use any
/// more when it is closed. May be used from any thread.
final class Drive implements AutoCloseable {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final int sectorBytes;
    private Optional<BlockDisk> disk;

    /// What is done with the disk while it cannot be taken out.
    @FunctionalInterface
    interface Use<T> {
        T on(BlockDisk disk) throws IOException;
    }

    Drive(Optional<BlockDisk> disk) {
        this.disk = disk;
        this.sectorBytes = disk.map(BlockDisk::sectorBytes).orElse(BlockRequest.SECTOR_BYTES);
    }

    /// Bytes of a logical sector; a disk of others does not fit.
    int sectorBytes() {
        return sectorBytes;
    }

    /// Sectors of 512 bytes, in whole logical sectors; 0 if it is empty.
    long sectors() {
        lock.readLock().lock();
        try {
            return disk.map(this::sectors).orElse(0L);
        } finally {
            lock.readLock().unlock();
        }
    }

    /// Has the disk look whether it is longer than it was.
    void refresh() {
        try {
            use(disk -> {
                disk.refresh();
                return true;
            });
        } catch (IOException _) {
            return; // it stays as long as it was; whoever uses it will be told why
        }
    }

    /// As [#sectors()], of the disk that is in use.
    long sectors(BlockDisk used) {
        return used.size() / sectorBytes * (sectorBytes / BlockRequest.SECTOR_BYTES);
    }

    /// Whether there is a disk whose data the host itself moves ([BlockDisk#isVectored]), and
    /// nobody waits to exchange it.
    boolean isVectored() {
        if (lock.hasQueuedThreads() || !lock.readLock().tryLock()) {
            return false;
        }
        try {
            return disk.isPresent() && disk.get().isVectored();
        } finally {
            lock.readLock().unlock();
        }
    }

    /// Whether requests may be begun, see [BlockDisk#takesMore].
    boolean takesMore() {
        lock.readLock().lock();
        try {
            return disk.isEmpty() || disk.get().takesMore();
        } finally {
            lock.readLock().unlock();
        }
    }

    /// Empty if the drive is.
    <T> Optional<T> use(Use<T> use) throws IOException {
        lock.readLock().lock();
        try {
            return disk.isEmpty() ? Optional.empty() : Optional.of(use.on(disk.get()));
        } finally {
            lock.readLock().unlock();
        }
    }

    /// Puts `next` in; gives back what was there, which nobody uses any more.
    Optional<BlockDisk> exchange(Optional<BlockDisk> next) {
        lock.writeLock().lock();
        try {
            var before = disk;
            disk = next;
            return before;
        } finally {
            lock.writeLock().unlock();
        }
    }

    @Override
    public void close() throws IOException {
        var last = exchange(Optional.empty());
        if (last.isPresent()) {
            last.get().close();
        }
    }
}
