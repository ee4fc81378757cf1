package org.xenolith.linux;

import org.xenolith.base.Bug;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/// An anonymous file of the host (`memfd_create`), mapped whole and shared. The host commits a page
/// when it is touched first, filled with zeros, and takes it back on [#discard].
public final class SharedMemory implements AutoCloseable {
    // include/uapi/linux/memfd.h, asm-generic/mman-common.h; the same on x86-64 and aarch64
    private static final int MFD_CLOEXEC = 1;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MADV_REMOVE = 9;

    private final Arena arena;
    private final MemorySegment segment;
    private final int fd;

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

    /// Makes a page-aligned range zeros again and gives its host memory back.
    public void discard(long offset, long bytes) throws LinuxException {
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
