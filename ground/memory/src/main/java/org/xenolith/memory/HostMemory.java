package org.xenolith.memory;

import org.xenolith.linux.HostFile;
import org.xenolith.linux.LinuxException;
import org.xenolith.linux.SharedMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Host memory that holds a guest's frames, off the Java heap: a shared mapping that the host fills
/// as the guest touches it where the host is a Linux, an arena elsewhere.
interface HostMemory extends AutoCloseable {
    MemorySegment segment();

    /// Zeroes a page-aligned range and, where the host can, gives its memory back.
    void discard(long offset, long bytes);

    /// The first page from `offset` on that is not known to be zeros; the end if there is none.
    long nextTouched(long offset);

    /// Makes a page-aligned range show a file's content, to be changed here only.
    void showFile(long offset, long bytes, HostFile file, long position) throws LinuxException;

    /// The same content, to be changed without this one; nobody changes this one meanwhile.
    ///
    /// @throws LinuxException if that cannot be had without copying it
    HostMemory copyOnWrite() throws LinuxException;

    @Override
    void close();

    /// `bytes` of zeros, page-aligned.
    static HostMemory allocate(long bytes) {
        try {
            return new Mapped(SharedMemory.create("xenolith-guest", bytes));
        } catch (LinuxException _) {
            return inArena(bytes);
        }
    }

    static HostMemory inArena(long bytes) {
        var arena = Arena.ofShared();
        return new Allocated(arena, arena.allocate(bytes, 4096));
    }

    /// Committed by the host page by page.
    record Mapped(SharedMemory memory) implements HostMemory {
        @Override
        public MemorySegment segment() {
            return memory.segment();
        }

        @Override
        public void discard(long offset, long bytes) {
            try {
                memory.discard(offset, bytes);
            } catch (LinuxException _) {
                segment().asSlice(offset, bytes).fill((byte) 0);
            }
        }

        @Override
        public long nextTouched(long offset) {
            try {
                return memory.nextData(offset);
            } catch (LinuxException _) {
                return offset;
            }
        }

        @Override
        public void showFile(long offset, long bytes, HostFile file, long position)
                throws LinuxException {
            memory.showFile(offset, bytes, file, position);
        }

        @Override
        public HostMemory copyOnWrite() throws LinuxException {
            var arena = Arena.ofShared();
            try {
                return new Allocated(arena, memory.copyOnWrite(arena));
            } catch (LinuxException e) {
                arena.close();
                throw e;
            }
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    /// Kept until closed.
    record Allocated(Arena arena, MemorySegment segment) implements HostMemory {
        @Override
        public void discard(long offset, long bytes) {
            segment.asSlice(offset, bytes).fill((byte) 0);
        }

        @Override
        public long nextTouched(long offset) {
            return offset;
        }

        @Override
        public void showFile(long offset, long bytes, HostFile file, long position)
                throws LinuxException {
            throw new LinuxException("mmap", 0);
        }

        @Override
        public HostMemory copyOnWrite() throws LinuxException {
            throw new LinuxException("mmap", 0);
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
