package org.xenolith.images;

import org.xenolith.base.Clock;
import org.xenolith.linux.HostFile;
import org.xenolith.linux.IoVector;
import org.xenolith.linux.LinuxException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;

/// A file or block device of the host.
///
/// The interruption of a thread closes the channel in which it is (java.nio.channels'
/// `InterruptibleChannel`). Other threads' requests must not suffer by that, so the channel is
/// opened again and the request repeated; the thread stays interrupted.
final class FileStorage implements Storage {
    /// What others may do to the file meanwhile.
    enum Sharing {
        /// Nobody else may change the file.
        READERS_ONLY,
        /// Whatever they like.
        ANYBODY
    }

    /// Zeros are written in pieces of this many bytes where the host has no holes.
    private static final int ZEROS_BYTES = 1 << 16;

    /// What takes longer has waited for a disk.
    private static final long SLOW_NANOS = 1_000_000;

    private static final Clock CLOCK = Clock.system();

    private final Path file;
    private final Set<OpenOption> mode;
    private final Object identity;
    private final Optional<HostFile> host;
    private final ImageLock lock;
    private volatile FileChannel channel;
    private volatile boolean closed;

    /// Whether the last write has waited for the disk: so may the next.
    private volatile boolean slow;

    private volatile boolean flushFailed;

    private FileStorage(
            Path file,
            Set<OpenOption> mode,
            FileChannel channel,
            Optional<HostFile> host,
            ImageLock lock)
            throws IOException {
        this.file = file;
        this.mode = mode;
        this.channel = channel;
        this.host = host;
        this.lock = lock;
        identity = identity();
    }

    /// Opens a file that exists, locked against whoever keeps to QEMU's protocol.
    static FileStorage open(Path file, boolean writable, Sharing sharing) throws ImageException {
        if (Files.isDirectory(file)) {
            throw new ImageException.Refused(file + ": is a directory");
        }
        Set<OpenOption> mode =
                writable
                        ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE)
                        : Set.of(StandardOpenOption.READ);
        FileChannel channel = null;
        Optional<HostFile> host = Optional.empty();
        try {
            channel = FileChannel.open(file, mode);
            host = openHost(file, writable);
            var lock =
                    sharing == Sharing.ANYBODY
                            ? ImageLock.none()
                            : ImageLock.take(file, writable, host, channel);
            return new FileStorage(file.toRealPath(), mode, channel, host, lock);
        } catch (IOException e) {
            closeQuietly(channel, host);
            throw new ImageException.HostFailed(
                    file + ": cannot open the file: " + reason(e, file), e);
        } catch (ImageException e) {
            closeQuietly(channel, host);
            throw e;
        }
    }

    private static Optional<HostFile> openHost(Path file, boolean writable) throws IOException {
        if (!HostFile.isSupported()) {
            return Optional.empty();
        }
        try {
            return Optional.of(HostFile.open(file, writable));
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static void closeQuietly(FileChannel channel, Optional<HostFile> host) {
        try {
            if (channel != null) {
                channel.close();
            }
            if (host.isPresent()) {
                host.get().close();
            }
        } catch (IOException | LinuxException e) {
            // Nothing was written through them, and the caller already has the reason that counts.
        }
    }

    static String reason(IOException e, Path file) {
        return switch (e) {
            case NoSuchFileException _ -> "no such file";
            case AccessDeniedException _ -> "permission denied";
            default -> {
                var text = e.getMessage();
                yield text == null ? e.toString() : text.replace(file + ": ", "");
            }
        };
    }

    private Object identity() throws IOException {
        return Optional.ofNullable(
                Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class)
                        .fileKey());
    }

    @FunctionalInterface
    private interface Action<T> {
        T on(FileChannel channel) throws IOException;
    }

    private <T> T perform(String what, Action<T> action) throws ImageException {
        boolean interrupted = false;
        try {
            while (true) {
                var current = channel;
                try {
                    return action.on(current);
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted();
                    reopen(current);
                } catch (ClosedChannelException e) {
                    reopen(current);
                }
            }
        } catch (IOException e) {
            throw new ImageException.HostFailed(
                    "%s: cannot %s: %s".formatted(file, what, reason(e, file)), e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private synchronized void reopen(FileChannel stale) throws IOException {
        if (closed) {
            throw new IOException("it is closed");
        }
        if (channel == stale) {
            if (!identity.equals(identity())) {
                throw new IOException("another file is in its place");
            }
            channel = FileChannel.open(file, mode);
        }
    }

    @Override
    public String name() {
        return file.toString();
    }

    Path file() {
        return file;
    }

    boolean isRegularFile() {
        return Files.isRegularFile(file);
    }

    @Override
    public long size() throws ImageException {
        return perform("find the size", FileChannel::size);
    }

    @Override
    public void read(long offset, ByteBuffer target) throws ImageException {
        long origin = offset - target.position();
        perform(
                "read at " + offset,
                c -> {
                    while (target.hasRemaining()) {
                        if (c.read(target, origin + target.position()) < 0) {
                            Bytes.fillWithZeros(target, target.remaining());
                        }
                    }
                    return null;
                });
    }

    @Override
    public void write(long offset, ByteBuffer source) throws ImageException {
        long origin = offset - source.position();
        perform(
                "write at " + offset,
                c -> {
                    while (source.hasRemaining()) {
                        c.write(source, origin + source.position());
                    }
                    return null;
                });
    }

    @Override
    public boolean isVectored() {
        return host.isPresent();
    }

    @Override
    public void read(long offset, IoVector targets) throws ImageException {
        var from = host.orElseThrow();
        long end = offset + targets.bytes();
        try {
            from.readWithoutWaiting(offset, targets);
            if (targets.bytes() > 0) {
                Waiting.perform(() -> from.read(end - targets.bytes(), targets));
            }
        } catch (LinuxException e) {
            throw failed("read at " + offset, e);
        }
    }

    @Override
    public boolean readAtOnce(long offset, IoVector targets) throws ImageException {
        try {
            host.orElseThrow().readWithoutWaiting(offset, targets);
            return targets.bytes() == 0;
        } catch (LinuxException e) {
            throw failed("read at " + offset, e);
        }
    }

    @Override
    public void write(long offset, IoVector sources) throws ImageException {
        try {
            write(() -> host.orElseThrow().write(offset, sources));
        } catch (LinuxException e) {
            throw failed("write at " + offset, e);
        }
    }

    /// Makes a call that takes the time of a copy if the host has memory for what is written, and
    /// that of its disk if not, which it does not say before. What is measured is the call alone:
    /// to hand it to another thread may take as long where processors are few.
    private void write(Waiting.Call call) throws LinuxException {
        Waiting.Call timed =
                () -> {
                    long begin = CLOCK.nanos();
                    call.perform();
                    slow = CLOCK.nanos() - begin > SLOW_NANOS;
                };
        if (slow) {
            Waiting.perform(timed);
        } else {
            timed.perform();
        }
    }

    private ImageException failed(String what, LinuxException e) {
        return new ImageException.HostFailed(
                "%s: cannot %s: %s".formatted(file, what, e.getMessage()), e);
    }

    /// After a flush that failed the host may have dropped what it could not write, and would say
    /// of the next one that all is well: so none is ever believed again.
    @Override
    public void flush() throws ImageException {
        if (flushFailed) {
            throw new ImageException.HostFailed(
                    file + ": an earlier flush has failed, and what was written may be lost", null);
        }
        boolean done = false;
        try {
            perform(
                    "flush",
                    c -> {
                        c.force(false);
                        return null;
                    });
            done = true;
        } finally {
            flushFailed |= !done;
        }
    }

    @Override
    public void resize(long bytes) throws ImageException {
        perform(
                "resize to " + bytes + " bytes",
                c -> {
                    if (bytes < c.size()) {
                        c.truncate(bytes);
                    } else if (bytes > c.size()) {
                        c.write(ByteBuffer.allocate(1), bytes - 1);
                    }
                    return null;
                });
    }

    @Override
    public void zero(long offset, long bytes) throws ImageException {
        if (host.isPresent()) {
            try {
                Waiting.perform(() -> host.get().punchHole(offset, bytes));
                return;
            } catch (LinuxException e) {
                // This file system has no holes.
            }
        }
        var zeros = ByteBuffer.allocate((int) Math.min(bytes, ZEROS_BYTES));
        for (long done = 0; done < bytes; done += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - done));
            write(offset + done, zeros);
        }
    }

    @Override
    public long nextData(long from) throws ImageException {
        if (host.isPresent()) {
            try {
                long at = host.get().nextData(from);
                return at < 0 ? Math.max(from, size()) : at;
            } catch (LinuxException e) {
                // A block device: all of it is data.
            }
        }
        return from;
    }

    @Override
    public long nextHole(long from) throws ImageException {
        if (host.isPresent()) {
            try {
                long at = host.get().nextHole(from);
                return at < 0 ? Math.max(from, size()) : at;
            } catch (LinuxException e) {
                // A block device: all of it is data.
            }
        }
        return Math.max(from, size());
    }

    @Override
    public void close() throws ImageException {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        try {
            lock.release();
            channel.close();
            if (host.isPresent()) {
                host.get().close();
            }
        } catch (IOException | LinuxException e) {
            throw new ImageException.HostFailed(
                    file + ": cannot close the file: " + e.getMessage(), e);
        }
    }
}
