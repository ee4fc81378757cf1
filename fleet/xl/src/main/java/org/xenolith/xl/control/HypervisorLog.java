package org.xenolith.xl.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// What the hypervisor has said about all domains, the ended ones too: `xl dmesg`. All domain
/// processes append to one file; when it is full it becomes the older half.
public final class HypervisorLog {
    /// Bytes of each half.
    public static final int BYTES_MAX = 1 << 20;

    private final Path file;
    private final Path older;

    HypervisorLog(Path file) {
        this.file = file;
        this.older = file.resolveSibling(file.getFileName() + ".1");
    }

    /// Appends one line. What cannot be written is lost: a full disk does not stop a domain.
    public synchronized void append(String line) {
        var bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            if (channel.size() > BYTES_MAX) {
                Files.move(file, older, StandardCopyOption.REPLACE_EXISTING);
            }
            channel.write(bytes);
        } catch (IOException _) {
            return;
        }
    }

    /// All lines still kept, oldest first.
    public List<String> lines() throws IOException {
        var lines = new ArrayList<String>();
        for (var half : List.of(older, file)) {
            try {
                new String(Files.readAllBytes(half), StandardCharsets.UTF_8)
                        .lines()
                        .forEach(lines::add);
            } catch (NoSuchFileException _) {
                continue;
            }
        }
        return lines;
    }

    public void clear() throws IOException {
        Files.deleteIfExists(older);
        Files.deleteIfExists(file);
    }
}
