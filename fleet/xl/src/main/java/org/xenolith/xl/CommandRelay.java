package org.xenolith.xl;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;

/// Carries octets between a connection and a command's standard input and output, to the end of
/// either.
final class CommandRelay {
    private static final int BUFFER_BYTES = 256 << 10;

    private final SocketChannel link;
    private final Process process;

    private CommandRelay(SocketChannel link, Process process) {
        this.link = link;
        this.process = process;
    }

    /// Starts `command`, whose errors are shown where ours are.
    static void start(List<String> command, SocketChannel link) throws IOException {
        var process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var relay = new CommandRelay(link, process);
        Thread.ofPlatform().daemon().name("to-host").start(relay::toCommand);
        Thread.ofPlatform().daemon().name("from-host").start(relay::fromCommand);
    }

    private void toCommand() {
        try (var input = process.getOutputStream()) {
            var buffer = ByteBuffer.allocate(BUFFER_BYTES);
            while (link.read(buffer.clear()) >= 0) {
                input.write(buffer.array(), 0, buffer.position());
                input.flush();
            }
        } catch (IOException _) {
            close(); // the other direction says why
        }
    }

    private void fromCommand() {
        try (var output = process.getInputStream()) {
            copy(output);
        } catch (IOException _) {
            close();
            return;
        }
        close();
    }

    private void copy(InputStream output) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        for (int count = output.read(buffer); count >= 0; count = output.read(buffer)) {
            var bytes = ByteBuffer.wrap(buffer, 0, count);
            while (bytes.hasRemaining()) {
                link.write(bytes);
            }
        }
    }

    private void close() {
        try {
            link.close();
        } catch (IOException _) {
            return;
        }
    }
}
