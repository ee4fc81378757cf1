package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.board.AfterSave;
import org.xenolith.board.DiskConfig;
import org.xenolith.pv.block.VirtualDevice;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;

/// Asks a domain's process. Each request has a connection of its own.
public final class ControlClient {
    /// How long a process may take to answer.
    static final long ANSWER_MILLIS_MAX = 10_000;

    /// The same for what a guest has to agree to.
    static final long DETACH_MILLIS_MAX = 30_000;

    /// The same for a domain that is being saved, between two signs of life: a disk may take long
    /// to make a file durable.
    static final long SAVE_MILLIS_MAX = 600_000;

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

    /// Has the domain saved. `config` is what it will have when it is restored, instead of what it
    /// has now; `progress` is told how many pages have been written.
    public void save(Path file, Optional<String> config, AfterSave after, LongConsumer progress)
            throws ControlException {
        var request = request(Call.SAVE).put("file", file.toString()).put("after", after.name());
        config.ifPresent(text -> request.put("config", text));
        converse(
                request,
                SAVE_MILLIS_MAX,
                line -> {
                    if (line.has("progress")) {
                        progress.accept(line.path("progress").asLong());
                        return true;
                    }
                    return false;
                });
    }

    /// What is done with a line that may not be the last.
    @FunctionalInterface
    interface Listener {
        /// Whether another line follows.
        boolean heard(ObjectNode line) throws IOException, ControlException;
    }

    /// Asks for what takes long, and is told about it meanwhile. Returns the last line.
    ///
    /// @param millisMax between two lines
    ObjectNode converse(ObjectNode request, long millisMax, Listener listener)
            throws ControlException {
        try (var channel = connect()) {
            var answer = exchange(channel, request, millisMax);
            while (listener.heard(answer)) {
                answer = answer(channel, millisMax);
            }
            return answer;
        } catch (Refusal e) {
            throw new ControlException(e.getMessage(), e);
        } catch (IOException e) {
            throw unreachable(e.getMessage(), e);
        }
    }

    public List<String> log() throws ControlException {
        var lines = new ArrayList<String>();
        ask(Call.LOG).path("lines").forEach(line -> lines.add(line.asText()));
        return lines;
    }

    public void attachDisk(DiskConfig disk) throws ControlException {
        var request = request(Call.BLOCK_ATTACH);
        request.set("disk", DiskJson.of(disk));
        ask(request, ANSWER_MILLIS_MAX);
    }

    /// Waits until the guest has let go of the disk, unless `force`.
    public void detachDisk(VirtualDevice device, boolean force) throws ControlException {
        ask(
                request(Call.BLOCK_DETACH).put("device", device.name()).put("force", force),
                DETACH_MILLIS_MAX);
    }

    /// Exchanges the disk in a CD-ROM drive; one without a target empties it.
    public void insertDisk(DiskConfig drive) throws ControlException {
        var request = request(Call.CD_INSERT);
        request.set("disk", DiskJson.of(drive));
        ask(request, ANSWER_MILLIS_MAX);
    }

    public void growDisk(VirtualDevice device, long bytes) throws ControlException {
        ask(
                request(Call.BLOCK_RESIZE).put("device", device.name()).put("bytes", bytes),
                ANSWER_MILLIS_MAX);
    }

    /// @param specification of the interface, as in xl.cfg
    public void attachVif(String specification) throws ControlException {
        ask(request(Call.NETWORK_ATTACH).put("vif", specification), DETACH_MILLIS_MAX);
    }

    /// Waits until the guest has let go of the interface.
    public void detachVif(int devid) throws ControlException {
        ask(request(Call.NETWORK_DETACH).put("devid", devid), DETACH_MILLIS_MAX);
    }

    /// The domain's network interfaces, each as `xl network-list --json` shows it.
    public List<JsonNode> vifs() throws ControlException {
        var vifs = new ArrayList<JsonNode>();
        ask(Call.NETWORK_LIST).path("vifs").forEach(vifs::add);
        return vifs;
    }

    /// The domain's disks, each as `xl block-list --json` shows it.
    public List<JsonNode> disks() throws ControlException {
        var disks = new ArrayList<JsonNode>();
        ask(Call.BLOCK_LIST).path("disks").forEach(disks::add);
        return disks;
    }

    /// Completes when the domain is gone, with the reason in lower case: one of `SHUTDOWN_*`,
    /// `destroyed`, or `process died`. From when this returns the end is not missed.
    public CompletableFuture<String> ended() throws ControlException {
        return awaited(request(Call.WAIT));
    }

    /// As [#ended], when the guest has shut down: the domain may go on.
    public CompletableFuture<String> shutDown() throws ControlException {
        return awaited(request(Call.WAIT).put("shutdown", true));
    }

    private CompletableFuture<String> awaited(ObjectNode request) throws ControlException {
        SocketChannel channel = null;
        try {
            channel = connect();
            exchange(channel, request, ANSWER_MILLIS_MAX);
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
        return raw(request(Call.CONSOLE).put("type", type));
    }

    /// A connection that carries octets after the answer.
    SocketChannel raw(ObjectNode request) throws ControlException {
        SocketChannel channel = null;
        try {
            channel = connect();
            exchange(channel, request, ANSWER_MILLIS_MAX);
            return channel;
        } catch (IOException e) {
            close(channel);
            throw unreachable(e.getMessage(), e);
        }
    }

    static ObjectNode request(Call call) {
        return Json.object().put("call", call.word());
    }

    private ObjectNode ask(Call call) throws ControlException {
        return ask(request(call), ANSWER_MILLIS_MAX);
    }

    ObjectNode ask(ObjectNode request, long millisMax) throws ControlException {
        try (var channel = connect()) {
            return exchange(channel, request, millisMax);
        } catch (Refusal e) {
            throw new ControlException(e.getMessage(), e);
        } catch (IOException e) {
            throw unreachable(e.getMessage(), e);
        }
    }

    /// The domain's process has answered that it will not.
    private static final class Refusal extends IOException {
        private static final long serialVersionUID = 1L;

        Refusal(String message) {
            super(message);
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

    private static ObjectNode exchange(SocketChannel channel, ObjectNode request, long millisMax)
            throws IOException {
        Lines.write(channel, request.toString());
        return answer(channel, millisMax);
    }

    private static ObjectNode answer(SocketChannel channel, long millisMax) throws IOException {
        var late = new AtomicBoolean();
        var timer = new CompletableFuture<Void>();
        timer.completeOnTimeout(null, millisMax, TimeUnit.MILLISECONDS)
                .thenRun(() -> {
                    late.set(true);
                    close(channel);
                });
        try {
            var line = Lines.read(channel, Lines.ANSWER_BYTES_MAX);
            var answer = Json.parseObject(line == null ? "" : line);
            if (answer.isEmpty()) {
                throw new IOException("no answer");
            }
            if (answer.get().has("error")) {
                throw new Refusal(answer.get().path("error").asText());
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
