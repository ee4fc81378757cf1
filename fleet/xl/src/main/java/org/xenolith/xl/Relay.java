package org.xenolith.xl;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.List;

/// Carries octets between two connections, until one of them ends.
final class Relay {
    private static final int BUFFER_BYTES = 256 << 10;

    private final End near;
    private final End far;

    /// One connection.
    ///
    /// @param lastOutput tells the other side that no more comes; it may still send
    /// @param whole ends it in both directions
    record End(InputStream input, OutputStream output, Closeable lastOutput, Closeable whole) {
        static End of(SocketChannel channel) {
            return new End(
                    Channels.newInputStream(channel),
                    Channels.newOutputStream(channel),
                    channel::shutdownOutput,
                    channel);
        }

        static End of(Socket socket) throws IOException {
            return of(socket, socket.getInputStream());
        }

        /// @param input of the socket
        static End of(Socket socket, InputStream input) throws IOException {
            return new End(input, socket.getOutputStream(), socket::shutdownOutput, socket);
        }

        /// Starts a command, which sees to its own end when its standard input ends. Its errors are
        /// shown where ours are.
        static End of(List<String> command) throws IOException {
            return of(
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start());
        }

        static End of(Process process) {
            return new End(
                    process.getInputStream(),
                    process.getOutputStream(),
                    process.getOutputStream(),
                    () -> {});
        }
    }

    private Relay(End near, End far) {
        this.near = near;
        this.far = far;
    }

    /// Does not wait. When `far` ends both are closed; when `near` does `far` may still send.
    static void start(End near, End far) {
        var relay = new Relay(near, far);
        Thread.ofPlatform().daemon().name("to-host").start(relay::toFar);
        Thread.ofPlatform().daemon().name("from-host").start(relay::fromFar);
    }

    private void toFar() {
        try {
            copy(near.input, far.output);
        } catch (IOException _) {
            closeBoth(); // the other direction says why
        } finally {
            close(far.lastOutput);
        }
    }

    private void fromFar() {
        try {
            copy(far.input, near.output);
        } catch (IOException _) {
            return; // whoever waits for it hears of it
        } finally {
            closeBoth();
        }
    }

    private static void copy(InputStream input, OutputStream output) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
            output.write(buffer, 0, count);
            output.flush();
        }
    }

    private void closeBoth() {
        close(near.whole);
        close(far.whole);
    }

    private static void close(Closeable end) {
        try {
            end.close();
        } catch (IOException _) {
            return; // it is of no use any more
        }
    }
}
