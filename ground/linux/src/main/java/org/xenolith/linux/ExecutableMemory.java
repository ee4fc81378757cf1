package org.xenolith.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import org.xenolith.base.Bug;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Locale;
import java.util.OptionalLong;

/// Memory for machine code: an anonymous file mapped twice, once to be written, once to be
/// executed, so that no page is both. Code is only ever added behind the last, or all of it thrown
/// away. Any thread may add; whoever resets or closes must know that nobody executes.
///
/// x86-64 Linux only, as the code is.
public final class ExecutableMemory implements AutoCloseable {
    private static final int MFD_CLOEXEC = 1;
    private static final int PROT_READ_WRITE = 3;
    private static final int PROT_READ_EXECUTE = 5;
    private static final int MAP_SHARED = 1;
    private static final int MAP_NORESERVE = 0x4000;

    /// Code begins at multiples of this, the bytes that processors fetch at a time.
    private static final int ALIGNMENT = 32;

    private static final VarHandle LONG = JAVA_LONG.varHandle();

    /// Arguments that may lie on the heap are handed over in place: the code must be brief, since
    /// the JVM's garbage collector waits for it.
    private static final MethodHandle CALL =
            Linker.nativeLinker()
                    .downcallHandle(
                            FunctionDescriptor.of(
                                    JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS,
                                    ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                                    ADDRESS, ADDRESS),
                            Linker.Option.critical(true));

    /// The same with fewer pointers: half the time.
    private static final MethodHandle SHORT_CALL =
            Linker.nativeLinker()
                    .downcallHandle(
                            FunctionDescriptor.of(
                                    JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS,
                                    ADDRESS),
                            Linker.Option.critical(true));

    /// Four pointers that are handed over together.
    public record Pointers(
            MemorySegment first, MemorySegment second, MemorySegment third, MemorySegment fourth) {}

    private final MemorySegment writable;
    private final MemorySegment executable;
    private int used;
    private boolean closed;

    private ExecutableMemory(MemorySegment writable, MemorySegment executable) {
        this.writable = writable;
        this.executable = executable;
    }

    /// Whether this host runs the code that we make. It may still refuse to give such memory.
    public static boolean isSupported() {
        var system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return system.equals("linux") && System.getProperty("os.arch").equals("amd64");
    }

    /// Room for `bytes`, a multiple of the page size. The host commits a page when it is used.
    public static ExecutableMemory create(String name, int bytes) throws LinuxException {
        if (!isSupported()) {
            throw new LinuxException("memfd_create", 0);
        }
        int fd = open(name);
        try {
            Libc.ftruncate(fd, bytes);
            var writable = map(bytes, PROT_READ_WRITE, fd);
            try {
                return new ExecutableMemory(writable, map(bytes, PROT_READ_EXECUTE, fd));
            } catch (LinuxException e) {
                Libc.munmap(writable, bytes);
                throw e;
            }
        } finally {
            Libc.close(fd);
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

    private static MemorySegment map(int bytes, int protection, int fd) throws LinuxException {
        return Libc.mmap(bytes, protection, MAP_SHARED | MAP_NORESERVE, fd).reinterpret(bytes);
    }

    /// The address at which a copy of the first `length` bytes can be executed; nothing if there is
    /// no room.
    public OptionalLong add(byte[] code, int length) {
        return add(MemorySegment.ofArray(code).asSlice(0, length));
    }

    /// The same for all bytes of `code`.
    public synchronized OptionalLong add(MemorySegment code) {
        long length = code.byteSize();
        if (closed || length > writable.byteSize() - used) {
            return OptionalLong.empty();
        }
        int at = used;
        MemorySegment.copy(code, 0, writable, at, length);
        long next = at + length + ALIGNMENT - 1 & -ALIGNMENT;
        used = (int) Math.min(next, writable.byteSize());
        return OptionalLong.of(executable.address() + at);
    }

    /// The `length` bytes at an address that [#add] has answered, to be read.
    public MemorySegment code(long address, int length) {
        return executable.asSlice(address - executable.address(), length).asReadOnly();
    }

    /// From the address of code to where it can be written.
    public long writableDistance() {
        return writable.address() - executable.address();
    }

    /// Eight bytes of code at an address that is a multiple of eight.
    public synchronized long read(long address) {
        return closed ? 0 : (long) LONG.getVolatile(writable, address - executable.address());
    }

    /// Changes them, for whoever executes them at once: these see all of it or nothing.
    public synchronized void patch(long address, long bytes) {
        if (!closed) {
            LONG.setVolatile(writable, address - executable.address(), bytes);
        }
    }

    /// Puts numbers of four bytes at many places, `displacement` bytes from an address each, while
    /// nobody executes what is there. At a place that is named twice the first number stays.
    ///
    /// @param numbers an address and a number each, of eight bytes both
    public synchronized void put(MemorySegment numbers, int displacement) {
        if (!closed) {
            long base = executable.address() - displacement;
            int step = 2 * Long.BYTES;
            for (long at = numbers.byteSize() - step; at >= 0; at -= step) {
                int number = (int) numbers.get(JAVA_LONG, at + Long.BYTES);
                writable.set(JAVA_INT_UNALIGNED, numbers.get(JAVA_LONG, at) - base, number);
            }
            VarHandle.fullFence();
        }
    }

    /// How many bytes are in use.
    public synchronized int used() {
        return used;
    }

    /// Throws all code away.
    public synchronized void reset() {
        used = 0;
    }

    /// Calls the code at an address that [#add] has answered, by the System V ABI: a pointer, a
    /// number and the first four pointers are in registers, the other eight on the stack. **Hot
    /// path.** Pointers may be to arrays on the heap.
    public static int call(
            MemorySegment code,
            MemorySegment pointer,
            long number,
            Pointers first,
            Pointers second,
            Pointers third) {
        try {
            return (int)
                    CALL.invokeExact(
                            code,
                            pointer,
                            number,
                            first.first,
                            first.second,
                            first.third,
                            first.fourth,
                            second.first,
                            second.second,
                            second.third,
                            second.fourth,
                            third.first,
                            third.second,
                            third.third,
                            third.fourth);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new Bug("machine code throws nothing", impossible);
        }
    }

    /// The same without the pointers on the stack. **Hot path.**
    public static int call(MemorySegment code, MemorySegment pointer, long number, Pointers first) {
        try {
            return (int)
                    SHORT_CALL.invokeExact(
                            code,
                            pointer,
                            number,
                            first.first,
                            first.second,
                            first.third,
                            first.fourth);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new Bug("machine code throws nothing", impossible);
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            Libc.munmap(writable, writable.byteSize());
            Libc.munmap(executable, executable.byteSize());
        } catch (LinuxException e) {
            throw new Bug("our own mapping can be given back", e);
        }
    }
}
