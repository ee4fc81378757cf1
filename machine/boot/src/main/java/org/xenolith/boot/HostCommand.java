package org.xenolith.boot;

import java.io.BufferedInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/// Runs one of the host's tools in the C locale, with a deadline.
final class HostCommand {
    /// Bytes of output and of messages that are kept; package lists of apt are far below.
    private static final int TEXT_BYTES_MAX = 4 << 20;

    /// A download of a hundred megabytes over a slow line, with room.
    private static final long SECONDS_MAX = 1800;

    private final Path directory;
    private final String tools;

    /// Commands run in `directory`; `tools` is put before their names, empty to search `PATH`.
    HostCommand(Path directory, String tools) {
        this.directory = directory;
        this.tools = tools;
    }

    /// What a command left behind.
    record Result(int exitCode, String output, String messages) {
        boolean succeeded() {
            return exitCode == 0;
        }

        /// The message that says best what went wrong: apt's first error or failure, else the last
        /// line.
        String complaint() {
            return messages.lines()
                    .filter(line -> line.startsWith("E: ") || line.contains("Failed to fetch"))
                    .map(line -> line.substring(3).strip())
                    .findFirst()
                    .or(() -> messages.lines().filter(l -> !l.isBlank()).reduce((a, b) -> b))
                    .orElse("exit code " + exitCode);
        }
    }

    /// Reads a command's output as it comes.
    @FunctionalInterface
    interface Reader {
        void read(InputStream output) throws IOException, BootException;
    }

    /// Runs a command and keeps its output as text.
    Result run(List<String> command) throws BootException {
        var output = new AtomicReference<>("");
        var result = run(command, stream -> output.set(text(stream)));
        return new Result(result.exitCode, output.get(), result.messages);
    }

    /// Runs a command whose output goes to `reader`, on the calling thread.
    Result run(List<String> command, Reader reader) throws BootException {
        var process = start(command);
        var messages = new AtomicReference<>("");
        // Not virtual: one that reads a pipe keeps its carrier, perhaps the only one.
        var threads = Thread.ofPlatform().daemon().name(command.getFirst());
        var drain = threads.start(() -> messages.set(textOrNothing(process)));
        var deadline = threads.start(() -> killLate(process));
        try (var output = new BufferedInputStream(process.getInputStream(), 1 << 16)) {
            reader.read(output);
            output.transferTo(OutputStream.nullOutputStream());
            int exitCode = process.waitFor();
            drain.join();
            return new Result(exitCode, "", messages.get());
        } catch (IOException e) {
            throw new BootException("the output of " + command.getFirst() + " is cut off", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BootException("interrupted while " + command.getFirst() + " ran", e);
        } finally {
            process.destroyForcibly();
            deadline.interrupt();
        }
    }

    private Process start(List<String> command) throws BootException {
        var located = new ArrayList<>(command);
        located.set(0, tools + command.getFirst());
        var builder = new ProcessBuilder(located).directory(directory.toFile());
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        try {
            return builder.start();
        } catch (IOException e) {
            throw new BootException(
                    command.getFirst()
                            + " is not on this host: the guest kit needs a Debian-like host; give"
                            + " a kernel and a ramdisk of your own instead",
                    e);
        }
    }

    private void killLate(Process process) {
        try {
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            // The command has ended in time.
        }
    }

    private static String text(InputStream stream) throws IOException {
        return new String(stream.readNBytes(TEXT_BYTES_MAX), StandardCharsets.UTF_8);
    }

    private static String textOrNothing(Process process) {
        try (var errors = process.getErrorStream()) {
            var text = text(errors);
            errors.transferTo(OutputStream.nullOutputStream());
            return text;
        } catch (IOException _) {
            return "";
        }
    }
}
