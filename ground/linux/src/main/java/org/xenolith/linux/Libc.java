package org.xenolith.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import org.xenolith.base.Bug;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/// The calls of the host's C library that we make. All of them may be called from any thread.
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(PathElement.groupElement("errno"));

    private static final int ARGUMENTS_MAX = 6;

    /// Any function that takes numbers and pointers, six at most, and answers a number: in the ABIs
    /// of x86-64 and arm64 each has a register of its own, whatever its width. To bind a function
    /// takes the JVM some fifteen milliseconds, so those that are called now and then share this.
    private static final MethodHandle CALL =
            LINKER.downcallHandle(
                    FunctionDescriptor.of(
                            JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
                    Linker.Option.captureCallState("errno"));

    private static final Function MEMFD_CREATE = Function.of("memfd_create");
    private static final Function FTRUNCATE = Function.of("ftruncate");
    private static final Function MMAP = Function.of("mmap");
    private static final Function MUNMAP = Function.of("munmap");
    private static final Function MADVISE = Function.of("madvise");
    private static final Function CLOSE = Function.of("close");
    private static final Function OPEN = Function.of("open");
    private static final Function LSEEK = Function.of("lseek");
    private static final Function PREADV2 = Function.of("preadv2");
    private static final Function PWRITEV = Function.of("pwritev");
    private static final Function FALLOCATE = Function.of("fallocate");
    private static final Function FCNTL = Function.of("fcntl");
    private static final Function STATX = Function.of("statx");
    private static final Function SCHED_SETAFFINITY = Function.of("sched_setaffinity");
    private static final Function IOCTL = Function.of("ioctl");
    private static final Function SOCKET = Function.of("socket");
    private static final Function EVENTFD = Function.of("eventfd");
    private static final Function POLL = Function.of("poll");

    /// One that is called with [#CALL].
    ///
    /// @param place empty where the host's C library does not have it
    private record Function(String name, Optional<MemorySegment> place) {
        static Function of(String name) {
            return new Function(name, LINKER.defaultLookup().find(name));
        }

        /// The answer of one that answers an `int`.
        ///
        /// @throws LinuxException if that is -1
        int call(Arena arena, MemorySegment... arguments) throws LinuxException {
            var state = arena.allocate(STATE);
            return (int) checked(name, (int) raw(state, arguments), state);
        }

        /// The same of one that answers a `long` or a pointer.
        long callLong(Arena arena, MemorySegment... arguments) throws LinuxException {
            return callLong(arena.allocate(STATE), arguments);
        }

        /// The same with a [#state] that there is already.
        long callLong(MemorySegment state, MemorySegment... arguments) throws LinuxException {
            return checked(name, raw(state, arguments), state);
        }

        private long raw(MemorySegment state, MemorySegment... arguments) throws LinuxException {
            if (place.isEmpty()) {
                throw new LinuxException(name, 0);
            }
            var all = Arrays.copyOf(arguments, ARGUMENTS_MAX);
            Arrays.fill(all, arguments.length, ARGUMENTS_MAX, MemorySegment.NULL);
            try {
                return (long)
                        CALL.invokeExact(
                                place.get(), state, all[0], all[1], all[2], all[3], all[4], all[5]);
            } catch (Error e) {
                throw e;
            } catch (Throwable e) {
                throw new Bug("calling " + name, e);
            }
        }
    }

    /// Of packets: each bound to itself, which is faster.
    private static final class Packets {
        static final MethodHandle READ = bind("read");
        static final MethodHandle WRITE = bind("write");

        private static MethodHandle bind(String name) {
            return LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow(name),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG),
                    Linker.Option.captureCallState("errno"));
        }
    }

    /// include/uapi/linux/fcntl.h: paths are relative to the working directory.
    private static final int AT_FDCWD = -100;

    /// include/uapi/asm-generic/errno-base.h
    private static final int EINTR = 4;

    private Libc() {}

    /// A number in a pointer's place.
    private static MemorySegment number(long value) {
        return MemorySegment.ofAddress(value);
    }

    /// Whether this C library has the calls for files.
    static boolean isBound() {
        return Stream.of(OPEN, LSEEK, PREADV2, PWRITEV, FALLOCATE, FCNTL, STATX)
                .allMatch(function -> function.place.isPresent());
    }

    static int memfdCreate(String name, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return MEMFD_CREATE.call(arena, arena.allocateFrom(name), number(flags));
        }
    }

    static void ftruncate(int fd, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            FTRUNCATE.call(arena, number(fd), number(bytes));
        }
    }

    /// The address as a segment of no length.
    static MemorySegment mmap(long bytes, int protection, int flags, int fd) throws LinuxException {
        return number(mmap(MemorySegment.NULL, bytes, protection, flags, fd, 0));
    }

    /// In place of what is there, with `MAP_FIXED` among `flags`.
    static void mmapAt(MemorySegment place, int protection, int flags, int fd, long offset)
            throws LinuxException {
        mmap(place, place.byteSize(), protection, flags, fd, offset);
    }

    private static long mmap(
            MemorySegment place, long bytes, int protection, int flags, int fd, long offset)
            throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return MMAP.callLong(
                    arena,
                    place,
                    number(bytes),
                    number(protection),
                    number(flags),
                    number(fd),
                    number(offset));
        }
    }

    static void munmap(MemorySegment mapped, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            MUNMAP.call(arena, mapped, number(bytes));
        }
    }

    static void madvise(MemorySegment range, int advice) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            MADVISE.call(arena, range, number(range.byteSize()), number(advice));
        }
    }

    /// For the calling thread; `mask` has one bit for each processor.
    static void schedSetaffinity(byte[] mask) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var copy = arena.allocateFrom(JAVA_BYTE, mask);
            SCHED_SETAFFINITY.call(arena, number(0), number(mask.length), copy);
        }
    }

    static void close(int fd) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            CLOSE.call(arena, number(fd));
        }
    }

    static int open(String path, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return OPEN.call(arena, arena.allocateFrom(path), number(flags));
        }
    }

    static long lseek(int fd, long offset, int whence) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return LSEEK.callLong(arena, number(fd), number(offset), number(whence));
        }
    }

    /// How many bytes were read, from `offset` of the file on; 0 at its end.
    ///
    /// @param state a [#state]
    static long preadv2(
            int fd, MemorySegment entries, int count, long offset, int flags, MemorySegment state)
            throws LinuxException {
        return PREADV2.callLong(
                state, number(fd), entries, number(count), number(offset), number(flags));
    }

    /// How many bytes were written.
    ///
    /// @param state a [#state]
    static long pwritev(int fd, MemorySegment entries, int count, long offset, MemorySegment state)
            throws LinuxException {
        return PWRITEV.callLong(state, number(fd), entries, number(count), number(offset));
    }

    static void fallocate(int fd, int mode, long offset, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            FALLOCATE.call(arena, number(fd), number(mode), number(offset), number(bytes));
        }
    }

    static void fcntl(int fd, int command, MemorySegment argument) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            FCNTL.call(arena, number(fd), number(command), argument);
        }
    }

    static void statx(String path, int mask, MemorySegment result) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var name = arena.allocateFrom(path);
            STATX.call(arena, number(AT_FDCWD), name, number(0), number(mask), result);
        }
    }

    /// What the call answers; `argument` may be a number instead of an address.
    static int ioctl(int fd, long request, MemorySegment argument) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return IOCTL.call(arena, number(fd), number(request), argument);
        }
    }

    static int socket(int family, int type, int protocol) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return SOCKET.call(arena, number(family), number(type), number(protocol));
        }
    }

    static int eventfd(int initial, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return EVENTFD.call(arena, number(initial), number(flags));
        }
    }

    /// How many of `count` descriptors (`struct pollfd`) are ready; waits without end for one. Zero
    /// if a signal has come in between.
    static int poll(MemorySegment descriptors, long count) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return POLL.call(arena, descriptors, number(count), number(-1));
        } catch (LinuxException e) {
            if (e.errno() == EINTR) {
                return 0;
            }
            throw e;
        }
    }

    /// Where [#read] and [#write] leave the error number; for one thread at a time.
    static MemorySegment state(Arena arena) {
        return arena.allocate(STATE);
    }

    /// **Hot path.** How many bytes were read; if none could be, the error number, negative.
    static long read(int fd, MemorySegment target, long bytes, MemorySegment state) {
        try {
            long result = (long) Packets.READ.invokeExact(state, fd, target, bytes);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (Throwable e) {
            throw new Bug("calling read", e);
        }
    }

    /// **Hot path.** How many bytes were written; if none could be, the error number, negative.
    static long write(int fd, MemorySegment source, long bytes, MemorySegment state) {
        try {
            long result = (long) Packets.WRITE.invokeExact(state, fd, source, bytes);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (Throwable e) {
            throw new Bug("calling write", e);
        }
    }

    private static long checked(String call, long result, MemorySegment state)
            throws LinuxException {
        if (result == -1) {
            throw new LinuxException(call, (int) ERRNO.get(state, 0L));
        }
        return result;
    }
}
