package org.xenolith.mirror;

import org.xenolith.mirror.protocol.Decision;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/// Decisions in a file, a line each: session, decision, checksum. What it has answered is on the
/// disk. May be used from any thread; a file is one process' at a time.
final class DecisionStore implements AutoCloseable {
    /// More would take more memory than a witness should.
    static final int DECISIONS_MAX = 100_000;

    private static final int LINE_BYTES_MAX = 80;

    private final FileChannel file;
    private final Map<UUID, Decision> decisions = new HashMap<>();
    private boolean broken;

    /// What a claim has come to.
    ///
    /// @param first it was this claim that decided
    record Decided(Decision decision, boolean first) {}

    private DecisionStore(FileChannel file) {
        this.file = file;
    }

    /// Opens a store, or makes an empty one.
    ///
    /// @throws IOException if it is damaged: a witness that has forgotten decisions must not answer
    static DecisionStore open(Path path) throws IOException {
        boolean isNew = !Files.exists(path);
        var file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        try {
            lock(file, path);
            var store = new DecisionStore(file);
            store.load(path);
            if (isNew) {
                syncDirectory(path);
            }
            return store;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static void lock(FileChannel file, Path path) throws IOException {
        boolean locked;
        try {
            locked = file.tryLock() != null;
        } catch (OverlappingFileLockException _) {
            locked = false;
        }
        if (!locked) {
            throw new IOException("another witness uses " + path);
        }
    }

    /// The file's name is to be there after a crash, too.
    private static void syncDirectory(Path path) throws IOException {
        var directory = path.toAbsolutePath().getParent();
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private void load(Path path) throws IOException {
        if (file.size() > (long) DECISIONS_MAX * LINE_BYTES_MAX) {
            throw new IOException(path + " is too long");
        }
        var bytes = ByteBuffer.allocate((int) file.size());
        while (bytes.hasRemaining() && file.read(bytes) >= 0) {
            continue;
        }
        var text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
        int end = text.lastIndexOf('\n') + 1;
        for (var line : text.substring(0, end).lines().toList()) {
            parse(line, path);
        }
        // A line without its end was being written when the host failed: nobody has been told.
        file.truncate(end).position(end);
        file.force(true);
    }

    private void parse(String line, Path path) throws IOException {
        var words = line.split(" ");
        try {
            var session = UUID.fromString(words[0]);
            for (var decision : Decision.values()) {
                if (line.equals(line(session, decision)) && decisions.size() < DECISIONS_MAX) {
                    decisions.put(session, decision);
                    return;
                }
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(path + " is damaged", e);
        }
        throw new IOException(path + " is damaged");
    }

    private static String line(UUID session, Decision decision) {
        var what = session + " " + decision.word();
        var sum = new CRC32C();
        sum.update(what.getBytes(StandardCharsets.ISO_8859_1));
        return "%s %08x".formatted(what, sum.getValue());
    }

    /// @throws IOException if it cannot be made durable; then nothing is decided any more by this
    synchronized Decided claim(UUID session, Decision wanted) throws IOException {
        var before = decisions.get(session);
        if (before != null) {
            return new Decided(before, false);
        }
        if (broken || decisions.size() == DECISIONS_MAX) {
            throw new IOException(broken ? "the store cannot be written" : "the store is full");
        }
        broken = true; // unless all of it succeeds
        var line = line(session, wanted) + "\n";
        var bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
        file.force(true);
        broken = false;
        decisions.put(session, wanted);
        return new Decided(wanted, true);
    }

    synchronized Optional<Decision> read(UUID session) {
        return Optional.ofNullable(decisions.get(session));
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
