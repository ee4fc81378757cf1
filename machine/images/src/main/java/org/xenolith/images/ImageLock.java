package org.xenolith.images;

import org.xenolith.linux.HostFile;
import org.xenolith.linux.LinuxException;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.Optional;

/// What keeps two writers, or a writer and a reader, from the same file.
///
/// On Linux it is QEMU's protocol (block/file-posix.c in its tree), so that QEMU and `qemu-img`
/// keep away too. Each permission has two bytes of the file, far from the image's own locks and
/// never read or written: whoever holds the permission has a shared lock on the first, whoever does
/// not want others to hold it has one on the second. After taking its own, everyone looks whether
/// there are locks that contradict. On other hosts it is a lock of the whole file, which only
/// programs of this kind obey.
final class ImageLock {
    // QEMU's RAW_LOCK_PERM_BASE and RAW_LOCK_SHARED_BASE, and the bits of BLK_PERM_*.
    private static final long HELD_BASE = 100;
    private static final long DENIED_BASE = 200;
    private static final int CONSISTENT_READ = 0;
    private static final int WRITE = 1;
    private static final int RESIZE = 3;

    private static final int[] READER_HOLDS = {CONSISTENT_READ};
    private static final int[] WRITER_HOLDS = {CONSISTENT_READ, WRITE, RESIZE};
    private static final int[] DENIES = {WRITE, RESIZE};

    /// Empty where the descriptor itself holds the locks.
    private final Optional<FileLock> whole;

    private ImageLock(Optional<FileLock> whole) {
        this.whole = whole;
    }

    static ImageLock none() {
        return new ImageLock(Optional.empty());
    }

    static ImageLock take(Path file, boolean writable, Optional<HostFile> host, FileChannel channel)
            throws ImageException, IOException {
        if (host.isEmpty()) {
            return new ImageLock(Optional.of(takeWhole(file, writable, channel)));
        }
        try {
            var holds = writable ? WRITER_HOLDS : READER_HOLDS;
            if (!takeBytes(host.get(), holds)) {
                throw inUse(file, writable);
            }
            return none();
        } catch (LinuxException e) {
            throw new IOException("cannot lock: " + e.getMessage(), e);
        }
    }

    private static boolean takeBytes(HostFile host, int[] holds) throws LinuxException {
        for (int permission : holds) {
            if (!host.tryLock(HELD_BASE + permission, 1, false)) {
                return false;
            }
        }
        for (int permission : DENIES) {
            if (!host.tryLock(DENIED_BASE + permission, 1, false)) {
                return false;
            }
        }
        for (int permission : holds) {
            if (host.isLocked(DENIED_BASE + permission, 1)) {
                return false;
            }
        }
        for (int permission : DENIES) {
            if (host.isLocked(HELD_BASE + permission, 1)) {
                return false;
            }
        }
        return true;
    }

    private static FileLock takeWhole(Path file, boolean writable, FileChannel channel)
            throws ImageException, IOException {
        try {
            var taken = channel.tryLock(0, Long.MAX_VALUE, !writable);
            if (taken == null) {
                throw inUse(file, writable);
            }
            return taken;
        } catch (OverlappingFileLockException e) {
            throw inUse(file, writable);
        }
    }

    private static ImageException inUse(Path file, boolean writable) {
        return new ImageException.Busy(
                writable
                        ? file + ": is in use, by a domain or another program"
                        : file + ": is being changed, by a domain or another program");
    }

    void release() throws IOException {
        if (whole.isPresent()) {
            whole.get().release();
        }
    }
}
