package org.xenolith.linux;

import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.base.Bug;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Locale;

/// An anonymous file of the host (`memfd_create`), mapped whole and shared. The host commits a page
/// when it is touched first, filled with zeros, and takes it back on [#discard].
public final class SharedMemory implements AutoCloseable {
    // include/uapi/linux/memfd.h, asm-generic/mman-common.h; the same on x86-64 and aarch64
    private static final int MFD_CLOEXEC = 1;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MADV_REMOVE = 9;
    private static final int SEEK_DATA = 3;
    private static final int ENXIO = 6;

    private final Arena arena;
    private final MemorySegment segment;
    private final int fd;

    /// Pages that show a file instead of this memory. Guarded by this object.
    private final BitSet shownPages = new BitSet();

    private SharedMemory(Arena arena, MemorySegment segment, int fd) {
        this.arena = arena;
        this.segment = segment;
        this.fd = fd;
    }

    /// Whether this host is a Linux whose numbers are the ones above.
    public static boolean isSupported() {
        var system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        var processor = System.getProperty("os.arch");
        return system.equals("linux") && (processor.equals("amd64") || processor.equals("aarch64"));
    }

    /// `bytes`, a multiple of the page size, of zeros; `name` is shown in the host's
    /// `/proc/PID/maps`.
    public static SharedMemory create(String name, long bytes) throws LinuxException {
        if (!isSupported()) {
            throw new LinuxException("memfd_create", 0);
        }
        int fd = open(name);
        try {
            Libc.ftruncate(fd, bytes);
            var mapped = Libc.mmap(bytes, PROT_READ_WRITE, MAP_SHARED | MAP_NORESERVE, fd);
            var arena = Arena.ofShared();
            var segment = mapped.reinterpret(bytes, arena, SharedMemory::unmap);
            return new SharedMemory(arena, segment, fd);
        } catch (LinuxException e) {
            closeAfter(e, fd);
            throw e;
        }
    }

    private static int open(String name) throws LinuxException {
        try {
            return Libc.memfdCreate(name, MFD_CLOEXEC);
        } catch (LinkageError e) {
            // The JVM was told to allow no native access.
            throw new LinuxException("memfd_create", 0);
        }
    }

    private static void closeAfter(LinuxException reason, int fd) {
        try {
            Libc.close(fd);
        } catch (LinuxException e) {
            reason.addSuppressed(e);
        }
    }

    private static void unmap(MemorySegment segment) {
        try {
            Libc.munmap(segment, segment.byteSize());
        } catch (LinuxException e) {
            throw new Bug("our own mapping and descriptor can be given back", e);
        }
    }

    /// The whole mapping; access after [#close] throws.
    public MemorySegment segment() {
        return segment;
    }

    /// The file's descriptor, for others of this process to map it.
    public int descriptor() {
        return fd;
    }

    /// The first page from `offset` on that the host has committed, or that shows a file; the end
    /// if there is none.
    public synchronized long nextData(long offset) throws LinuxException {
        long shown = (long) shownPages.nextSetBit((int) (offset >>> PAGE_SHIFT)) << PAGE_SHIFT;
        long committed = nextCommitted(offset);
        return shown < 0 ? committed : Math.min(shown, committed);
    }

    private long nextCommitted(long offset) throws LinuxException {
        try {
            return Libc.lseek(fd, offset, SEEK_DATA);
        } catch (LinuxException e) {
            if (e.errno() == ENXIO) {
                return segment.byteSize(); // there is a hole up to the end
            }
            throw e;
        }
    }

    /// Makes a page-aligned range show the content of `file` from `position`, a multiple of the
    /// page size. A page is read when it is touched and copied when it is written; the file stays
    /// as it is. What a page shows when the file is changed later is not said, and touching one
    /// that the file has no longer ends the process.
    public synchronized void showFile(long offset, long bytes, HostFile file, long position)
            throws LinuxException {
        Libc.mmapAt(
                segment.asSlice(offset, bytes),
                PROT_READ_WRITE,
                MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                file.descriptor(),
                position);
        shownPages.set((int) (offset >>> PAGE_SHIFT), (int) (offset + bytes >>> PAGE_SHIFT));
    }

    /// All of it once more, as long as `view` lives: what is written there is seen there alone.
    /// What is written here afterwards is seen there or not, so nobody writes here meanwhile.
    ///
    /// @throws LinuxException if the host cannot, or a part shows a file
    public synchronized MemorySegment copyOnWrite(Arena view) throws LinuxException {
        if (!shownPages.isEmpty()) {
            throw new LinuxException("mmap", 0);
        }
        long bytes = segment.byteSize();
        var mapped = Libc.mmap(bytes, PROT_READ_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd);
        return mapped.reinterpret(bytes, view, SharedMemory::unmap);
    }

    /// Makes a page-aligned range zeros again and gives its host memory back.
    public synchronized void discard(long offset, long bytes) throws LinuxException {
        int first = (int) (offset >>> PAGE_SHIFT);
        int end = (int) (offset + bytes >>> PAGE_SHIFT);
        int shown = shownPages.nextSetBit(first);
        if (shown >= 0 && shown < end) {
            Libc.mmapAt(
                    segment.asSlice(offset, bytes),
                    PROT_READ_WRITE,
                    MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
                    fd,
                    offset);
            shownPages.clear(first, end);
        }
        Libc.madvise(segment.asSlice(offset, bytes), MADV_REMOVE);
    }

    /// Unmaps the memory and closes the file. Must not race with access through [#segment].
    @Override
    public void close() {
        arena.close();
        try {
            Libc.close(fd);
        } catch (LinuxException e) {
            throw new Bug("our own mapping and descriptor can be given back", e);
        }
    }
}
