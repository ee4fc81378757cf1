package org.xenolith.board;

import org.xenolith.pv.block.BlockDisk;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/// A file or block device of the host whose bytes are those of the disk. It is locked while it is
/// open: other processes of our kind cannot write it, and if it is writable not read it either.
final class RawDisk implements BlockDisk {
    private final FileChannel channel;
    private final boolean writable;
    private final int sectorBytes;

    private volatile long size;

    private RawDisk(FileChannel channel, boolean writable, int sectorBytes) throws IOException {
        this.channel = channel;
        this.writable = writable;
        this.sectorBytes = sectorBytes;
        this.size = channel.size();
    }

    static RawDisk open(Path file, boolean writable, int sectorBytes) throws DomainException {
        if (Files.isDirectory(file)) {
            throw new DomainException(file + ": is a directory");
        }
        var options =
                writable
                        ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE)
                        : Set.of(StandardOpenOption.READ);
        try {
            var channel = FileChannel.open(file, options);
            if (!isLocked(channel, writable)) {
                channel.close();
                throw new DomainException(file + ": is in use by another disk");
            }
            return new RawDisk(channel, writable, sectorBytes);
        } catch (NoSuchFileException e) {
            throw new DomainException(file + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new DomainException(file + ": permission denied", e);
        } catch (IOException e) {
            throw new DomainException(file + ": cannot open: " + e.getMessage(), e);
        }
    }

    private static boolean isLocked(FileChannel channel, boolean writable) throws IOException {
        try {
            return channel.tryLock(0, Long.MAX_VALUE, !writable) != null;
        } catch (OverlappingFileLockException _) {
            // This very process has it open; two readers do not disturb each other.
            return !writable;
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void refresh() throws IOException {
        size = channel.size();
    }

    @Override
    public int sectorBytes() {
        return sectorBytes;
    }

    @Override
    public boolean readOnly() {
        return !writable;
    }

    @Override
    public boolean discards() {
        return false;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        long at = offset;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new EOFException("the file has shrunk");
            }
            at += count;
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        long at = offset;
        while (source.hasRemaining()) {
            at += channel.write(source, at);
        }
    }

    @Override
    public void discard(long offset, long bytes) {
        // The file stays as long as it is: what is not needed any more may stay too.
    }

    @Override
    public void flush() throws IOException {
        if (writable) {
            channel.force(false);
        }
    }

    /// Makes the disk longer; what is new reads as zeros.
    void grow(long bytes) throws IOException {
        if (bytes > channel.size()) {
            channel.write(ByteBuffer.allocate(1), bytes - 1);
        }
        refresh();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
