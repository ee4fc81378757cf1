package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.base.Clock;
import org.xenolith.board.AfterSave;
import org.xenolith.board.Console;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.xen.ShutdownReason;
import org.xenolith.xl.config.ConfigWriter;
import org.xenolith.xl.config.VifParser;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Answers requests about one domain on a Unix domain socket: a line of JSON, a line back.
final class ControlServer implements AutoCloseable {
    /// Connections served at once; further ones wait.
    static final int CONNECTIONS_MAX = 64;

    private static final int BACKLOG = 16;

    private final Domain domain;
    private final GuestCalls guest;
    private final MigrationCalls migrations;
    private final MirrorCalls mirrors;
    private final ServerSocketChannel server;
    private final Semaphore connections = new Semaphore(CONNECTIONS_MAX);

    private ControlServer(Domain domain, GuestCalls guest, ServerSocketChannel server) {
        this.domain = domain;
        this.guest = guest;
        this.migrations = new MigrationCalls(domain);
        this.mirrors = new MirrorCalls(domain);
        this.server = server;
    }

    static ControlServer start(Domain domain, RuntimeDirectory.Registration registration)
            throws IOException {
        var socket = registration.entry().socket();
        var channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e instanceof IOException io
                    ? io
                    : new IOException("cannot bind " + socket + ": " + e.getMessage(), e);
        }
        var server = new ControlServer(domain, new GuestCalls(domain, registration), channel);
        Thread.ofVirtual().name("control").start(server::accept);
        return server;
    }

    /// Accepts no more, and waits until those who are connected have got all that is theirs. False
    /// if some had not after `millisMax`.
    boolean drain(long millisMax) throws InterruptedException {
        close();
        return connections.tryAcquire(CONNECTIONS_MAX, millisMax, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        closeQuietly(server);
    }

    private void accept() {
        try {
            while (true) {
                connections.acquire();
                SocketChannel client;
                try {
                    client = server.accept();
                } catch (IOException _) {
                    connections.release();
                    return;
                }
                Thread.ofVirtual().name("control-client").start(() -> serveAndClose(client));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void serveAndClose(SocketChannel client) {
        try (client) {
            serve(client);
        } catch (IOException _) {
            return; // the client has gone away
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            connections.release();
        }
    }

    private void serve(SocketChannel client) throws IOException, InterruptedException {
        var line = Lines.read(client, Lines.REQUEST_BYTES_MAX);
        if (line == null) {
            return;
        }
        var request = Json.parseObject(line);
        var call = request.flatMap(json -> Call.ofWord(json.path("call").asText()));
        if (call.isEmpty()) {
            Lines.write(client, Json.object().put("error", "unknown call").toString());
            return;
        }
        // What is waited for may be there before the answer is read.
        var awaited =
                request.get().path("shutdown").asBoolean() ? domain.shutDown() : domain.ended();
        var answer = answer(call.get(), request.get(), client);
        Lines.write(client, answer.toString());
        if (answer.has("error")) {
            return;
        }
        if (call.get() == Call.WAIT) {
            Lines.write(client, Json.object().put("ended", reason(awaited)).toString());
        } else if (call.get() == Call.CONSOLE) {
            boolean serial = request.get().path("type").asText().equals("serial");
            relay(serial ? domain.serial() : domain.console(), client);
        } else if (call.get() == Call.MIGRATE_LINK) {
            migrations.link(client);
        } else if (call.get() == Call.REMUS_LINK) {
            mirrors.link(client);
        }
    }

    private ObjectNode answer(Call call, ObjectNode request, SocketChannel client)
            throws InterruptedException {
        try {
            return switch (call) {
                case SAVE -> save(request, client);
                case MIGRATE -> {
                    mirrors.requireNone();
                    yield migrations.migrate(request, client);
                }
                case REMUS -> mirrors.mirror(request, client);
                case REMUS_STATUS -> mirrors.status();
                default -> perform(call, request);
            };
        } catch (DomainException | IllegalArgumentException e) {
            return Json.object().put("error", String.valueOf(e.getMessage()));
        }
    }

    /// A client that has gone away does not stop it.
    private ObjectNode save(ObjectNode request, SocketChannel client)
            throws DomainException, InterruptedException {
        var config =
                request.has("config")
                        ? request.path("config").asText()
                        : ConfigWriter.text(domain.config());
        var saving =
                new FileSaving(
                        Path.of(request.path("file").asText()),
                        config,
                        new SaveProgress(client, Clock.system()));
        domain.save(saving, AfterSave.valueOf(request.path("after").asText()));
        return Json.object();
    }

    private ObjectNode perform(Call call, ObjectNode request)
            throws InterruptedException, DomainException {
        var answer = Json.object();
        switch (call) {
            case WAIT,
                    CONSOLE,
                    SAVE,
                    MIGRATE,
                    MIGRATE_LINK,
                    REMUS,
                    REMUS_LINK,
                    REMUS_STATUS -> {} // what they are for is not in the answer
            case INFO -> answer.setAll(DomainDescription.of(domain, mirrors.current()).toJson());
            case PAUSE -> domain.pause();
            case UNPAUSE -> domain.unpause();
            case SHUTDOWN -> domain.shutdown();
            case REBOOT -> domain.reboot();
            case DESTROY -> {
                mirrors.endForGood();
                domain.destroy();
            }
            case BLOCK_ATTACH -> domain.attachDisk(DiskJson.parse(request.path("disk")));
            case BLOCK_DETACH ->
                    domain.detachDisk(
                            DiskJson.device(request.path("device")),
                            request.path("force").asBoolean());
            case BLOCK_RESIZE ->
                    domain.growDisk(
                            DiskJson.device(request.path("device")),
                            request.path("bytes").asLong());
            case CD_INSERT -> domain.insertDisk(DiskJson.parse(request.path("disk")));
            case BLOCK_LIST -> {
                var list = answer.putArray("disks");
                int id = domain.id().value();
                domain.disks().forEach(disk -> list.add(DiskJson.of(disk, id)));
            }
            case NETWORK_ATTACH ->
                    domain.interfaces().attach(VifParser.parse(request.path("vif").asText()));
            case NETWORK_DETACH ->
                    domain.interfaces().detach(request.path("devid").asInt(-1), false);
            case NETWORK_LIST -> {
                var list = answer.putArray("vifs");
                int id = domain.id().value();
                domain.interfaces().list().forEach(vif -> list.add(VifJson.of(vif, id)));
            }
            case MIGRATE_SETTLE -> migrations.settle(request);
            case REMUS_STOP -> mirrors.stop();
            case MEM_SET -> guest.setMemory(request);
            case MEM_MAX -> guest.setMaxMemory(request);
            case VCPU_SET -> guest.setVcpus(request);
            case VCPU_PIN -> guest.pin(request);
            case SYSRQ -> guest.pressSysrq(request);
            case DEBUG_KEYS -> guest.pressDebugKeys(request);
            case TRIGGER -> guest.trigger(request);
            case RENAME -> guest.rename(request);
            case CONFIG_UPDATE -> guest.updateConfig(request);
            case DUMP_CORE -> guest.dumpCore(request);
            case LOG -> {
                var lines = answer.putArray("lines");
                domain.log().lines().forEach(lines::add);
            }
        }
        return answer;
    }

    private static String reason(Future<Optional<ShutdownReason>> awaited)
            throws InterruptedException {
        try {
            return awaited.get()
                    .map(ShutdownReason::name)
                    .orElse("destroyed")
                    .toLowerCase(Locale.ROOT);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Until the domain ends or the client closes its end; half a connection is none.
    private static void relay(Console console, SocketChannel client)
            throws IOException, InterruptedException {
        var relaying = Thread.currentThread();
        var typing =
                Thread.ofVirtual()
                        .name("console-input")
                        .start(() -> {
                            type(client, console);
                            relaying.interrupt();
                        });
        var reader = console.reader();
        var bytes = new byte[8192];
        for (int count = reader.read(bytes); count >= 0; count = reader.read(bytes)) {
            Lines.writeAll(client, ByteBuffer.wrap(bytes, 0, count));
        }
        client.shutdownOutput();
        typing.interrupt();
    }

    private static void type(SocketChannel client, Console console) {
        var buffer = ByteBuffer.allocate(1024);
        try {
            while (client.read(buffer) >= 0) {
                buffer.flip();
                var bytes = new byte[buffer.remaining()];
                buffer.get(bytes);
                buffer.clear();
                console.send(bytes);
            }
        } catch (IOException _) {
            return; // the client has gone away
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception _) {
            return;
        }
    }
}
