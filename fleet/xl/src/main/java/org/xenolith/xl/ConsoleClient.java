package org.xenolith.xl;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;

/// Connects standard input and output with a domain's console.
final class ConsoleClient {
    /// Ctrl-].
    static final int ESCAPE = 0x1D;

    private ConsoleClient() {}

    /// Returns true when the domain is gone, false when the user has typed the escape character.
    /// The end of standard input alone ends nothing: the guest's output is still shown.
    static boolean attach(SocketChannel console, int escape, InputStream in, PrintStream out)
            throws InterruptedException {
        var detached = new AtomicBoolean();
        try (var terminal = Terminal.makeRaw().orElse(null)) {
            boolean raw = terminal != null;
            Thread.ofPlatform()
                    .daemon()
                    .name("console-input")
                    .start(() -> type(in, console, raw ? escape : -1, detached));
            show(console, out);
        }
        return !detached.get();
    }

    private static void show(SocketChannel console, PrintStream out) {
        var buffer = ByteBuffer.allocate(16_384);
        try {
            while (console.read(buffer) >= 0) {
                out.write(buffer.array(), 0, buffer.position());
                out.flush();
                buffer.clear();
            }
        } catch (IOException _) {
            return; // detached, or the domain's process has died: there is no more to show
        }
    }

    private static void type(
            InputStream in, SocketChannel console, int escape, AtomicBoolean detached) {
        var bytes = new byte[1024];
        try {
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                int end = indexOf(bytes, count, escape);
                var typed = ByteBuffer.wrap(bytes, 0, end < 0 ? count : end);
                while (typed.hasRemaining()) {
                    console.write(typed);
                }
                if (end >= 0) {
                    detached.set(true);
                    console.close();
                    return;
                }
            }
        } catch (IOException _) {
            return; // the domain is gone; the showing side tells
        }
    }

    private static int indexOf(byte[] bytes, int count, int wanted) {
        for (int i = 0; i < count; i++) {
            if ((bytes[i] & 0xFF) == wanted) {
                return i;
            }
        }
        return -1;
    }
}
