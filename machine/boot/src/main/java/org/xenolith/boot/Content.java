package org.xenolith.boot;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Reads whole files into memory off the heap, and refuses what is no usable file in plain words.
final class Content {
    private Content() {}

    /// The content of a regular, non-empty file of at most `maximumBytes`, allocated from `arena`.
    /// The message of a refusal does not name the file.
    static MemorySegment read(Path file, long maximumBytes, Arena arena) throws BootException {
        checkRegular(file);
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            checkSize(size, maximumBytes);
            var segment = allocate(size, arena);
            for (long done = 0; done < size; ) {
                long part = Math.min(size - done, 1 << 20);
                int count = channel.read(segment.asSlice(done, part).asByteBuffer());
                if (count < 0) {
                    throw new BootException("the file shrank while it was read");
                }
                done += count;
            }
            return segment;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /// Refuses what is missing, unreadable or not a regular file.
    static void checkRegular(Path file) throws BootException {
        if (!Files.exists(file)) {
            throw new BootException("no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new BootException("not a regular file");
        }
    }

    static void checkSize(long size, long maximumBytes) throws BootException {
        if (size == 0) {
            throw new BootException("the file is empty");
        }
        if (size > maximumBytes) {
            throw new BootException(
                    "the file has %s, more than the guest's memory of %s"
                            .formatted(mebibytes(size), mebibytes(maximumBytes)));
        }
    }

    static BootException unreadable(IOException cause) {
        return switch (cause) {
            case NoSuchFileException _ -> new BootException("no such file", cause);
            case AccessDeniedException _ -> new BootException("permission denied", cause);
            default -> new BootException("cannot be read: " + cause.getMessage(), cause);
        };
    }

    /// Zeroed memory off the heap.
    static MemorySegment allocate(long bytes, Arena arena) throws BootException {
        try {
            return arena.allocate(bytes);
        } catch (OutOfMemoryError e) {
            throw new BootException("this host has no memory left for " + mebibytes(bytes), e);
        }
    }

    /// A size for people: mebibytes, rounded up.
    static String mebibytes(long bytes) {
        return ((bytes + (1 << 20) - 1) >>> 20) + " MiB";
    }
}
