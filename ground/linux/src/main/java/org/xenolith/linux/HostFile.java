package org.xenolith.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/// What Linux can do with a file that the JDK cannot ask for: holes, reads and writes of memory in
/// many places, and locks of byte ranges that belong to an open file description. It has a
/// descriptor of its own, so the position and the locks of others' channels to the same file are
/// not touched.
///
/// May be used from any thread. No method may be called after, or while, [#close] is.
public final class HostFile implements AutoCloseable {
    // asm-generic/fcntl.h, include/uapi/linux/falloc.h, fs.h and errno-base.h; the same on x86-64
    // and aarch64
    private static final int O_RDONLY = 0;
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int FALLOC_FL_PUNCH_HOLE_KEEP_SIZE = 3;
    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;
    private static final int EINTR = 4;
    private static final int ENXIO = 6;
    private static final int EAGAIN = 11;
    private static final int EACCES = 13;
    private static final int EOPNOTSUPP = 95;
    private static final int RWF_NOWAIT = 8;

    // struct flock: l_type, l_whence, (4 bytes of padding), l_start, l_len, l_pid
    private static final int FLOCK_BYTES = 32;
    private static final int L_START = 8;
    private static final int L_LEN = 16;

    // struct statx
    private static final int STATX_BLOCKS = 0x400;
    private static final int STATX_BYTES = 256;
    private static final int STX_BLOCKS = 48;

    private final int fd;

    /// Whether the host knows of this file, until it has said that it does not.
    private volatile boolean saysWhatWaits = true;

    private HostFile(int fd) {
        this.fd = fd;
    }

    /// Whether this host is a Linux whose numbers are the ones above, and native calls are allowed.
    public static boolean isSupported() {
        try {
            return SharedMemory.isSupported() && Libc.isBound();
        } catch (LinkageError e) {
            return false; // The JVM was told to allow no native access.
        }
    }

    /// Opens a file that exists.
    public static HostFile open(Path file, boolean writable) throws LinuxException {
        return new HostFile(Libc.open(file.toString(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC));
    }

    /// Names the file that is open here, whatever has become of the name that it was opened by.
    public Path path() {
        return Path.of("/proc/self/fd", Integer.toString(fd));
    }

    int descriptor() {
        return fd;
    }

    /// The first byte not before `from` that may not be zero; -1 if only a hole follows.
    public long nextData(long from) throws LinuxException {
        return seek(from, SEEK_DATA);
    }

    /// The first byte not before `from` that is in a hole, the file's end at the latest; -1 if
    /// `from` is not inside the file.
    public long nextHole(long from) throws LinuxException {
        return seek(from, SEEK_HOLE);
    }

    private long seek(long from, int whence) throws LinuxException {
        try {
            return Libc.lseek(fd, from, whence);
        } catch (LinuxException e) {
            if (e.errno() == ENXIO) {
                return -1;
            }
            throw e;
        }
    }

    /// Fills `targets` with what is at `offset` on; what is beyond the file's end is zeros. None of
    /// the places is left to be used.
    public void read(long offset, IoVector targets) throws LinuxException {
        fill(offset, targets, 0);
    }

    /// As [#read], but stops where the host would wait for a disk. What is left to be used, if
    /// anything, is at `offset` and as many bytes as have been used. Where the host cannot say
    /// whether it would wait, this may.
    public void readWithoutWaiting(long offset, IoVector targets) throws LinuxException {
        if (saysWhatWaits) {
            try {
                fill(offset, targets, RWF_NOWAIT);
                return;
            } catch (LinuxException e) {
                if (e.errno() == EAGAIN) {
                    return;
                } else if (e.errno() != EOPNOTSUPP) {
                    throw e;
                }
                saysWhatWaits = false;
            }
        }
        fill(offset, targets, 0);
    }

    private void fill(long offset, IoVector targets, int flags) throws LinuxException {
        long end = offset + targets.bytes();
        boolean isInside = true;
        while (targets.bytes() > 0 && isInside) {
            long at = end - targets.bytes();
            isInside = use(targets, () -> preadv(targets, at, flags)) > 0;
        }
        targets.useEach((_, place) -> MemorySegment.ofBuffer(place).fill((byte) 0));
    }

    private long preadv(IoVector targets, long offset, int flags) throws LinuxException {
        return Libc.preadv2(fd, targets.entries(), targets.count(), offset, flags, targets.state());
    }

    /// Writes `sources` to `offset` on. None of the places is left to be used.
    public void write(long offset, IoVector sources) throws LinuxException {
        long end = offset + sources.bytes();
        while (sources.bytes() > 0) {
            long at = end - sources.bytes();
            use(
                    sources,
                    () ->
                            Libc.pwritev(
                                    fd, sources.entries(), sources.count(), at, sources.state()));
        }
    }

    @FunctionalInterface
    private interface Call {
        long perform() throws LinuxException;
    }

    /// Makes a call that answers how many bytes it has moved, and again if a signal has come before
    /// it has moved any.
    private static long use(IoVector places, Call call) throws LinuxException {
        while (true) {
            try {
                long moved = call.perform();
                places.use(moved);
                return moved;
            } catch (LinuxException e) {
                if (e.errno() != EINTR) {
                    throw e;
                }
            }
        }
    }

    /// Makes a range zeros and gives its space back; the file's length stays.
    public void punchHole(long offset, long bytes) throws LinuxException {
        Libc.fallocate(fd, FALLOC_FL_PUNCH_HOLE_KEEP_SIZE, offset, bytes);
    }

    /// Takes a lock, shared or exclusive, on a range of bytes, which need not exist. Returns false
    /// if someone else's lock is in the way.
    public boolean tryLock(long offset, long bytes, boolean exclusive) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var flock = arena.allocate(FLOCK_BYTES, 8);
            flock.set(ValueLayout.JAVA_SHORT, 0, exclusive ? F_WRLCK : F_RDLCK);
            flock.set(ValueLayout.JAVA_LONG, L_START, offset);
            flock.set(ValueLayout.JAVA_LONG, L_LEN, bytes);
            Libc.fcntl(fd, F_OFD_SETLK, flock);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == EAGAIN || e.errno() == EACCES) {
                return false;
            }
            throw e;
        }
    }

    /// Whether someone else holds any lock on a range.
    public boolean isLocked(long offset, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var flock = arena.allocate(FLOCK_BYTES, 8);
            flock.set(ValueLayout.JAVA_SHORT, 0, F_WRLCK);
            flock.set(ValueLayout.JAVA_LONG, L_START, offset);
            flock.set(ValueLayout.JAVA_LONG, L_LEN, bytes);
            Libc.fcntl(fd, F_OFD_GETLK, flock);
            return flock.get(ValueLayout.JAVA_SHORT, 0) != F_UNLCK;
        }
    }

    /// Bytes of the host's disk that a file takes.
    public static long allocatedBytes(Path file) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var statx = arena.allocate(STATX_BYTES, 8);
            Libc.statx(file.toString(), STATX_BLOCKS, statx);
            return statx.get(ValueLayout.JAVA_LONG, STX_BLOCKS) * 512;
        }
    }

    @Override
    public void close() throws LinuxException {
        Libc.close(fd);
    }
}
