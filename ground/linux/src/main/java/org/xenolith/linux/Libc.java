package org.xenolith.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
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

    private static final MethodHandle MEMFD_CREATE =
            bind("memfd_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle FTRUNCATE =
            bind("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MMAP =
            bind(
                    "mmap",
                    FunctionDescriptor.of(
                            ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP =
            bind("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle MADVISE =
            bind("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle CLOSE =
            bind("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle OPEN =
            bind(
                    "open",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle LSEEK =
            bind("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle FALLOCATE =
            bind(
                    "fallocate",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FCNTL =
            bind(
                    "fcntl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle STATX =
            bind(
                    "statx",
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));

    /// include/uapi/linux/fcntl.h: paths are relative to the working directory.
    private static final int AT_FDCWD = -100;

    private Libc() {}

    /// Whether this C library has the calls for files.
    static boolean isBound() {
        return OPEN != null && LSEEK != null && FALLOCATE != null && FCNTL != null && STATX != null;
    }

    static int memfdCreate(String name, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int fd =
                    (int) present(MEMFD_CREATE).invokeExact(state, arena.allocateFrom(name), flags);
            return (int) checked("memfd_create", fd, state);
        } catch (Throwable e) {
            throw rethrown("memfd_create", e);
        }
    }

    static void ftruncate(int fd, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            checked("ftruncate", (int) present(FTRUNCATE).invokeExact(state, fd, bytes), state);
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
                            present(MMAP)
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

    static void munmap(MemorySegment mapped, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            checked("munmap", (int) present(MUNMAP).invokeExact(state, mapped, bytes), state);
        } catch (Throwable e) {
            throw rethrown("munmap", e);
        }
    }

    static void madvise(MemorySegment range, int advice) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int result = (int) present(MADVISE).invokeExact(state, range, range.byteSize(), advice);
            checked("madvise", result, state);
        } catch (Throwable e) {
            throw rethrown("madvise", e);
        }
    }

    static void close(int fd) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            checked("close", (int) present(CLOSE).invokeExact(state, fd), state);
        } catch (Throwable e) {
            throw rethrown("close", e);
        }
    }

    static int open(String path, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int fd = (int) present(OPEN).invokeExact(state, arena.allocateFrom(path), flags);
            return (int) checked("open", fd, state);
        } catch (Throwable e) {
            throw rethrown("open", e);
        }
    }

    static long lseek(int fd, long offset, int whence) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            long at = (long) present(LSEEK).invokeExact(state, fd, offset, whence);
            return checked("lseek", at, state);
        } catch (Throwable e) {
            throw rethrown("lseek", e);
        }
    }

    static void fallocate(int fd, int mode, long offset, long bytes) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int result = (int) present(FALLOCATE).invokeExact(state, fd, mode, offset, bytes);
            checked("fallocate", result, state);
        } catch (Throwable e) {
            throw rethrown("fallocate", e);
        }
    }

    static void fcntl(int fd, int command, MemorySegment argument) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(STATE);
            int result = (int) present(FCNTL).invokeExact(state, fd, command, argument);
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
                            present(STATX)
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
