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
import java.util.Optional;
import java.util.stream.Stream;

/// The calls of the host's C library that we make. All of them may be called from any thread.
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(PathElement.groupElement("errno"));

    // A call takes the JVM some milliseconds to bind, once: each kind is bound when it is needed.

    /// Of memory.
    private static final class Memory {
        static final MethodHandle MEMFD_CREATE =
                bind("memfd_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
        static final MethodHandle FTRUNCATE =
                bind("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
        static final MethodHandle MMAP =
                bind(
                        "mmap",
                        FunctionDescriptor.of(
                                ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
                                JAVA_LONG));
        static final MethodHandle MUNMAP =
                bind("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
        static final MethodHandle MADVISE =
                bind("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        static final MethodHandle CLOSE = bind("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    }

    /// Of files.
    private static final class Files {
        static final MethodHandle OPEN =
                bind(
                        "open",
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                        Linker.Option.firstVariadicArg(2));
        static final MethodHandle LSEEK =
                bind("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
        static final MethodHandle FALLOCATE =
                bind(
                        "fallocate",
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle FCNTL =
                bind(
                        "fcntl",
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS),
                        Linker.Option.firstVariadicArg(2));
        static final MethodHandle STATX =
                bind(
                        "statx",
                        FunctionDescriptor.of(
                                JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    }

    /// Of processors.
    private static final class Processors {
        static final MethodHandle SCHED_SETAFFINITY =
                bind(
                        "sched_setaffinity",
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    }

    /// Of interfaces of the host, and of descriptors that are waited for.
    private static final class Network {
        static final MethodHandle IOCTL =
                bind(
                        "ioctl",
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                        Linker.Option.firstVariadicArg(2));
        static final MethodHandle SOCKET =
                bind("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
        static final MethodHandle EVENTFD =
                bind("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
        static final MethodHandle POLL =
                bind("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        static final MethodHandle READ =
                bind("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
        static final MethodHandle WRITE =
                bind("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    }

    /// include/uapi/linux/fcntl.h: paths are relative to the working directory.
    private static final int AT_FDCWD = -100;

    /// include/uapi/asm-generic/errno-base.h
    private static final int EINTR = 4;

    private Libc() {}

    /// Whether this C library has the calls for files.
    static boolean isBound() {
        return Files.OPEN != null
                && Files.LSEEK != null
                && Files.FALLOCATE != null
                && Files.FCNTL != null
                && Files.STATX != null;
    }

    static int memfdCreate(String name, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int fd =
                    (int)
                            present(Memory.MEMFD_CREATE)
                                    .invokeExact(state, arena.allocateFrom(name), flags);
            return (int) checked("memfd_create", fd, state);
        } catch (Throwable e) {
            throw rethrown("memfd_create", e);
        }
    }

    static void ftruncate(int fd, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            checked(
                    "ftruncate",
                    (int) present(Memory.FTRUNCATE).invokeExact(state, fd, bytes),
                    state);
        } catch (Throwable e) {
            throw rethrown("ftruncate", e);
        }
    }

    /// The address as a segment of no length.
    static MemorySegment mmap(long bytes, int protection, int flags, int fd) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            var mapped =
                    (MemorySegment)
                            present(Memory.MMAP)
                                    .invokeExact(
                                            state,
                                            MemorySegment.NULL,
                                            bytes,
                                            protection,
                                            flags,
                                            fd,
                                            0L);
            checked("mmap", mapped.address(), state);
            return mapped;
        } catch (Throwable e) {
            throw rethrown("mmap", e);
        }
    }

    /// In place of what is there, with `MAP_FIXED` among `flags`.
    static void mmapAt(MemorySegment place, int protection, int flags, int fd, long offset)
            throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            var mapped =
                    (MemorySegment)
                            present(Memory.MMAP)
                                    .invokeExact(
                                            state,
                                            place,
                                            place.byteSize(),
                                            protection,
                                            flags,
                                            fd,
                                            offset);
            checked("mmap", mapped.address(), state);
        } catch (Throwable e) {
            throw rethrown("mmap", e);
        }
    }

    static void munmap(MemorySegment mapped, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            checked(
                    "munmap",
                    (int) present(Memory.MUNMAP).invokeExact(state, mapped, bytes),
                    state);
        } catch (Throwable e) {
            throw rethrown("munmap", e);
        }
    }

    static void madvise(MemorySegment range, int advice) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int result =
                    (int)
                            present(Memory.MADVISE)
                                    .invokeExact(state, range, range.byteSize(), advice);
            checked("madvise", result, state);
        } catch (Throwable e) {
            throw rethrown("madvise", e);
        }
    }

    /// For the calling thread; `mask` has one bit for each processor.
    static void schedSetaffinity(byte[] mask) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            var copy = arena.allocateFrom(JAVA_BYTE, mask);
            int result =
                    (int)
                            present(Processors.SCHED_SETAFFINITY)
                                    .invokeExact(state, 0, (long) mask.length, copy);
            checked("sched_setaffinity", result, state);
        } catch (Throwable e) {
            throw rethrown("sched_setaffinity", e);
        }
    }

    static void close(int fd) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            checked("close", (int) present(Memory.CLOSE).invokeExact(state, fd), state);
        } catch (Throwable e) {
            throw rethrown("close", e);
        }
    }

    static int open(String path, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int fd = (int) present(Files.OPEN).invokeExact(state, arena.allocateFrom(path), flags);
            return (int) checked("open", fd, state);
        } catch (Throwable e) {
            throw rethrown("open", e);
        }
    }

    static long lseek(int fd, long offset, int whence) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            long at = (long) present(Files.LSEEK).invokeExact(state, fd, offset, whence);
            return checked("lseek", at, state);
        } catch (Throwable e) {
            throw rethrown("lseek", e);
        }
    }

    static void fallocate(int fd, int mode, long offset, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int result = (int) present(Files.FALLOCATE).invokeExact(state, fd, mode, offset, bytes);
            checked("fallocate", result, state);
        } catch (Throwable e) {
            throw rethrown("fallocate", e);
        }
    }

    static void fcntl(int fd, int command, MemorySegment argument) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int result = (int) present(Files.FCNTL).invokeExact(state, fd, command, argument);
            checked("fcntl", result, state);
        } catch (Throwable e) {
            throw rethrown("fcntl", e);
        }
    }

    static void statx(String path, int mask, MemorySegment result) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int code =
                    (int)
                            present(Files.STATX)
                                    .invokeExact(
                                            state,
                                            AT_FDCWD,
                                            arena.allocateFrom(path),
                                            0,
                                            mask,
                                            result);
            checked("statx", code, state);
        } catch (Throwable e) {
            throw rethrown("statx", e);
        }
    }

    /// What the call answers; `argument` may be a number instead of an address.
    static int ioctl(int fd, long request, MemorySegment argument) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int result = (int) present(Network.IOCTL).invokeExact(state, fd, request, argument);
            return (int) checked("ioctl", result, state);
        } catch (Throwable e) {
            throw rethrown("ioctl", e);
        }
    }

    static int socket(int family, int type, int protocol) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int fd = (int) present(Network.SOCKET).invokeExact(state, family, type, protocol);
            return (int) checked("socket", fd, state);
        } catch (Throwable e) {
            throw rethrown("socket", e);
        }
    }

    static int eventfd(int initial, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int fd = (int) present(Network.EVENTFD).invokeExact(state, initial, flags);
            return (int) checked("eventfd", fd, state);
        } catch (Throwable e) {
            throw rethrown("eventfd", e);
        }
    }

    /// How many of `count` descriptors (`struct pollfd`) are ready; waits without end for one. Zero
    /// if a signal has come in between.
    static int poll(MemorySegment descriptors, long count) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int ready = (int) present(Network.POLL).invokeExact(state, descriptors, count, -1);
            return (int) checked("poll", ready, state);
        } catch (LinuxException e) {
            if (e.errno() == EINTR) {
                return 0;
            }
            throw e;
        } catch (Throwable e) {
            throw rethrown("poll", e);
        }
    }

    /// Where [#read] and [#write] leave the error number; for one thread at a time.
    static MemorySegment state(Arena arena) {
        return arena.allocate(STATE);
    }

    /// **Hot path.** How many bytes were read; if none could be, the error number, negative.
    static long read(int fd, MemorySegment target, long bytes, MemorySegment state) {
        try {
            long result = (long) Network.READ.invokeExact(state, fd, target, bytes);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (Throwable e) {
            throw new Bug("calling read", e);
        }
    }

    /// **Hot path.** How many bytes were written; if none could be, the error number, negative.
    static long write(int fd, MemorySegment source, long bytes, MemorySegment state) {
        try {
            long result = (long) Network.WRITE.invokeExact(state, fd, source, bytes);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (Throwable e) {
            throw new Bug("calling write", e);
        }
    }

    /// Null where the host's C library does not have the call.
    private static MethodHandle bind(
            String name, FunctionDescriptor descriptor, Linker.Option... options) {
        var all =
                Stream.concat(
                                Stream.of(Linker.Option.captureCallState("errno")),
                                Stream.of(options))
                        .toArray(Linker.Option[]::new);
        return LINKER.defaultLookup()
                .find(name)
                .map(symbol -> LINKER.downcallHandle(symbol, descriptor, all))
                .orElse(null);
    }

    private static MethodHandle present(MethodHandle handle) {
        return Optional.ofNullable(handle).orElseThrow(UnsupportedOperationException::new);
    }

    private static long checked(String call, long result, MemorySegment state)
            throws LinuxException {
        if (result == -1) {
            throw new LinuxException(call, (int) ERRNO.get(state, 0L));
        }
        return result;
    }

    /// What a call through a method handle may throw: only the first two are not our mistake.
    private static LinuxException rethrown(String call, Throwable thrown) {
        return switch (thrown) {
            case LinuxException refused -> refused;
            case UnsupportedOperationException _ -> new LinuxException(call, 0);
            case Error error -> throw error;
            default -> throw new Bug("calling " + call, thrown);
        };
    }
}
