package org.xenolith.xl.control;

import org.xenolith.board.DomainException;
import org.xenolith.board.Machine;
import org.xenolith.board.Saving;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;
import org.xenolith.xen.XenVersion;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.LongConsumer;

/// Saves a machine to a file, which is there whole and durable, or as it was before.
final class FileSaving implements Saving {
    private static final String UNFINISHED = ".unfinished";

    private final Path file;
    private final String config;
    private final LongConsumer progress;

    /// `config` is what a restored domain will have; `progress` is told how many pages have been
    /// written.
    FileSaving(Path file, String config, LongConsumer progress) {
        this.file = file;
        this.config = config;
        this.progress = progress;
    }

    @Override
    public void save(Machine machine) throws IOException, DomainException {
        var unfinished = file.resolveSibling(file.getFileName() + UNFINISHED);
        try {
            create(unfinished);
            finish(machine, unfinished);
        } catch (IOException e) {
            throw explained(e);
        }
    }

    private void finish(Machine machine, Path unfinished) throws IOException, DomainException {
        boolean finished = false;
        try {
            write(machine, unfinished);
            move(unfinished);
            finished = true;
        } finally {
            if (!finished) {
                Files.deleteIfExists(unfinished);
            }
        }
    }

    /// Only the owner may read what the guest has in its memory.
    private static void create(Path unfinished) throws IOException {
        var owner = PosixFilePermissions.fromString("rw-------");
        Files.createFile(unfinished, PosixFilePermissions.asFileAttribute(owner));
    }

    private void write(Machine machine, Path unfinished) throws IOException, DomainException {
        try (var channel = FileChannel.open(unfinished, Set.of(StandardOpenOption.WRITE))) {
            long position = SavedFile.writeHead(channel, config);
            machine.save(
                    new StreamWriter(
                            channel, position, Alignment.PAGE, XenVersion.MAJOR, XenVersion.MINOR),
                    progress);
            SavedFile.writeTail(channel);
            channel.force(true);
        }
    }

    private void move(Path unfinished) throws IOException {
        try {
            Files.move(
                    unfinished,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("cannot put the file in its place", e);
        }
        syncDirectory();
    }

    /// So that the name is durable too; a file system that cannot be told does it by itself.
    private void syncDirectory() throws IOException {
        try (var directory = FileChannel.open(file.toAbsolutePath().getParent())) {
            directory.force(true);
        }
    }

    private IOException explained(IOException e) {
        var reason =
                switch (e) {
                    case NoSuchFileException _ -> "no such directory";
                    case FileAlreadyExistsException there -> there.getFile() + " is in the way";
                    case AccessDeniedException _ -> "permission denied";
                    default -> String.valueOf(e.getMessage());
                };
        return new IOException("cannot save to %s: %s".formatted(file, reason), e);
    }
}
