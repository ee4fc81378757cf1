package org.xenolith.bench.guest;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Pattern;

/// Both directions of a guest's console, in the streams of a process. A thread of its own listens,
/// so that what is heard has its time.
final class GuestConsole {
    private static final int LAST_WORDS_MAX = 400;

    private final OutputStream typed;
    private final Clock clock;

    // Guarded by this.
    private final Transcript transcript = new Transcript();
    private boolean ended;

    GuestConsole(InputStream said, OutputStream typed, Clock clock) {
        this.typed = typed;
        this.clock = clock;
        Thread.ofPlatform().daemon().name("console").start(() -> listen(said));
    }

    private void listen(InputStream said) {
        var bytes = new byte[1 << 14];
        try (said) {
            for (int count = said.read(bytes); count >= 0; count = said.read(bytes)) {
                long nanos = clock.nanos();
                hear(new String(bytes, 0, count, StandardCharsets.ISO_8859_1), nanos);
            }
        } catch (IOException _) {
            // The process has been killed: as if it had ended.
        }
        end();
    }

    private synchronized void hear(String text, long nanos) {
        transcript.hear(text, nanos);
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    void type(String text) throws IOException {
        typed.write(text.getBytes(StandardCharsets.ISO_8859_1));
        typed.flush();
    }

    /// Waits for what `pattern` matches and takes everything up to its end.
    synchronized Transcript.Heard await(Pattern pattern, Duration max)
            throws IOException, InterruptedException {
        long deadline = clock.nanos() + max.toNanos();
        while (true) {
            var heard = transcript.take(pattern);
            if (heard.isPresent()) {
                return heard.get();
            }
            long millis = (deadline - clock.nanos()) / 1_000_000;
            if (ended || millis <= 0) {
                throw new IOException(
                        (ended ? "the guest has ended" : "no answer in " + max.toSeconds() + " s")
                                + lastWords());
            }
            wait(millis);
        }
    }

    private String lastWords() {
        var rest = transcript.rest().strip();
        if (rest.isEmpty()) {
            return "";
        }
        var end = rest.substring(Math.max(0, rest.length() - LAST_WORDS_MAX));
        return "; its last words: " + end.replaceAll("\\p{Cntrl}+", " ");
    }
}
