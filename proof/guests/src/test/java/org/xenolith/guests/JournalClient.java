package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.base.Clock;
import org.xenolith.network.testing.Namespace;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Gives a guest lines to write to a file, over one TCP connection, one after the other. The guest
/// says a line again when it is durable: from then on it must be there.
final class JournalClient implements AutoCloseable {
    static final int PORT = 9;

    /// The guest's side: a program that writes what it reads to the file.
    static final String PROGRAM =
            "while read -r line; do echo \"$line\" >> %s; sync; echo \"$line\"; done";

    private static final int OCTETS = 60;
    private static final long LINE_SECONDS_MAX = 120;

    private final Socket socket;
    private final Clock clock = Clock.system();

    /// Guarded by this object, as is what follows.
    private final List<String> durable = new ArrayList<>();

    private boolean ending;
    private boolean ended;
    private Optional<String> broken = Optional.empty();

    private JournalClient(Socket socket) {
        this.socket = socket;
    }

    /// Connects from a namespace and begins.
    static JournalClient connect(Namespace from, String address) throws Exception {
        var socket = from.call(() -> new Socket(InetAddress.ofLiteral(address), PORT));
        var client = new JournalClient(socket);
        Thread.ofPlatform().daemon().name("journal").start(client::run);
        return client;
    }

    private void run() {
        try {
            var out = new PrintStream(socket.getOutputStream(), true, StandardCharsets.US_ASCII);
            var input = new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII);
            var in = new BufferedReader(input);
            var random = new SplittableRandom(9);
            for (long number = 0; !isEnding(); number++) {
                var octets = new byte[OCTETS];
                random.nextBytes(octets);
                var line = number + " " + HexFormat.of().formatHex(octets);
                out.println(line);
                var answer = in.readLine();
                if (!line.equals(answer)) {
                    throw new IOException("\"%s\" comes back as \"%s\"".formatted(line, answer));
                }
                add(line);
            }
            end(Optional.empty());
        } catch (IOException e) {
            end(Optional.of(e.toString()));
        }
    }

    private synchronized boolean isEnding() {
        return ending;
    }

    private synchronized void add(String line) {
        durable.add(line);
        notifyAll();
    }

    private synchronized void end(Optional<String> reason) {
        broken = reason;
        ended = true;
        notifyAll();
    }

    /// Waits for so many more lines to be durable.
    synchronized void awaitLines(int count) throws InterruptedException {
        int enough = durable.size() + count;
        while (durable.size() < enough) {
            awaitChange();
        }
    }

    private void awaitChange() throws InterruptedException {
        assertThat(broken).as("the connection stays").isEmpty();
        int before = durable.size();
        long deadline = clock.nanos() + TimeUnit.SECONDS.toNanos(LINE_SECONDS_MAX);
        while (durable.size() == before && !ended) {
            long left = deadline - clock.nanos();
            assertThat(left).as("the guest writes, after %d lines", before).isPositive();
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /// Ends it; all that is durable, which is all that has been sent.
    synchronized List<String> end() throws InterruptedException {
        ending = true;
        while (!ended) {
            awaitChange();
        }
        assertThat(broken).as("the connection stays").isEmpty();
        return List.copyOf(durable);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
