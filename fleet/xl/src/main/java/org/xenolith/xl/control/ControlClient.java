package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// Asks a domain's process. Each request has a connection of its own.
public final class ControlClient {
    /// How long a process may take to answer.
    static final long ANSWER_MILLIS_MAX = 10_000;

    private static final String PROCESS_DIED = "process died";

    private final DomainEntry entry;

    public ControlClient(DomainEntry entry) {
        this.entry = entry;
    }

    public DomainDescription info() throws ControlException {
        var json = ask(Call.INFO);
        try {
            return DomainDescription.fromJson(json);
        } catch (IllegalArgumentException e) {
            throw unreachable("its answer makes no sense", e);
        }
    }

    public void pause() throws ControlException {
        ask(Call.PAUSE);
    }

    public void unpause() throws ControlException {
        ask(Call.UNPAUSE);
    }

    /// Asks the guest to shut down; does not wait until it has.
    public void shutdown() throws ControlException {
        ask(Call.SHUTDOWN);
    }

    public void reboot() throws ControlException {
        ask(Call.REBOOT);
    }

    /// Ends the domain; if its process does not listen, ends the process.
    public void destroy() throws ControlException {
        try {
            ask(Call.DESTROY);
        } catch (ControlException e) {
            var process = ProcessHandle.of(entry.pid());
            if (process.isEmpty() || !process.get().destroyForcibly()) {
                throw e;
            }
        }
    }

    public List<String> log() throws ControlException {
        var lines = new ArrayList<String>();
        ask(Call.LOG).path("lines").forEach(line -> lines.add(line.asText()));
        return lines;
    }

    /// Completes when the domain is gone, with the reason in lower case: one of `SHUTDOWN_*`,
    /// `destroyed`, or `process died`. From when this returns the end is not missed.
    public CompletableFuture<String> ended() throws ControlException {
        SocketChannel channel = null;
        try {
            channel = connect();
            exchange(channel, Json.object().put("call", Call.WAIT.word()));
        } catch (IOException e) {
            close(channel);
            throw unreachable(e.getMessage(), e);
        }
        var waiting = channel;
        var ended = new CompletableFuture<String>();
        Thread.ofVirtual().name("wait").start(() -> ended.complete(readEnd(waiting)));
        return ended;
    }

    private static String readEnd(SocketChannel channel) {
        try (channel) {
            var line = Lines.read(channel, Lines.ANSWER_BYTES_MAX);
            return Json.parseObject(line == null ? "" : line)
                    .map(json -> json.path("ended").asText())
                    .orElse(PROCESS_DIED);
        } catch (IOException _) {
            return PROCESS_DIED;
        }
    }

    /// A connection that carries the console's bytes; `type` is `pv` or `serial`.
    public SocketChannel console(String type) throws ControlException {
        var request = Json.object().put("call", Call.CONSOLE.word()).put("type", type);
        SocketChannel channel = null;
        try {
            channel = connect();
            exchange(channel, request);
            return channel;
        } catch (IOException e) {
            close(channel);
            throw unreachable(e.getMessage(), e);
        }
    }

    private ObjectNode ask(Call call) throws ControlException {
        try (var channel = connect()) {
            return exchange(channel, Json.object().put("call", call.word()));
        } catch (IOException e) {
            throw unreachable(e.getMessage(), e);
        }
    }

    private SocketChannel connect() throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(entry.socket()));
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static ObjectNode exchange(SocketChannel channel, ObjectNode request)
            throws IOException {
        var late = new AtomicBoolean();
        var timer = new CompletableFuture<Void>();
        timer.completeOnTimeout(null, ANSWER_MILLIS_MAX, TimeUnit.MILLISECONDS)
                .thenRun(() -> {
                    late.set(true);
                    close(channel);
                });
        try {
            Lines.write(channel, request.toString());
            var line = Lines.read(channel, Lines.ANSWER_BYTES_MAX);
            var answer = Json.parseObject(line == null ? "" : line);
            if (answer.isEmpty()) {
                throw new IOException("no answer");
            }
            if (answer.get().has("error")) {
                throw new IOException(answer.get().path("error").asText());
            }
            return answer.get();
        } catch (IOException e) {
            throw late.get() ? new IOException("no answer in time", e) : e;
        } finally {
            timer.cancel(false);
        }
    }

    private static void close(SocketChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException _) {
            return;
        }
    }

    private ControlException unreachable(String reason, Throwable cause) {
        return new ControlException(
                "domain %d (%s) does not answer: %s".formatted(entry.id(), entry.name(), reason),
                cause);
    }
}
