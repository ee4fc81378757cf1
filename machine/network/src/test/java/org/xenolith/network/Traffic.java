package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.network.testing.Namespace;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/// Streams of the kernels of two namespaces to each other.
final class Traffic {
    private static final int TIMEOUT_MILLIS = 30_000;

    /// What the two ends of a connection do.
    private enum Manner {
        AT_ONCE {
            @Override
            void talk(Socket socket, boolean begins, int bytes) throws Exception {
                var sending =
                        start(() -> {
                            send(socket.getOutputStream(), bytes);
                            return null;
                        });
                receiveAll(socket, bytes);
                sending.get();
            }
        },
        IN_TURN {
            @Override
            void talk(Socket socket, boolean begins, int bytes) throws Exception {
                if (begins) {
                    send(socket.getOutputStream(), bytes);
                }
                receiveAll(socket, bytes);
                if (!begins) {
                    send(socket.getOutputStream(), bytes);
                }
            }
        };

        /// Sends and receives so many bytes.
        abstract void talk(Socket socket, boolean begins, int bytes) throws Exception;
    }

    private Traffic() {}

    /// `streams` connections at once from `client` to `server`, each with `bytes` both ways at once
    /// that must arrive as they were sent.
    static void exchangeAtOnce(
            Namespace client, Namespace server, String address, int streams, int bytes)
            throws Exception {
        exchange(client, server, address, streams, bytes, Manner.AT_ONCE);
    }

    /// The same, there and then back: passt of Debian 12 comes to ignore what a guest sends again,
    /// one time in fifteen, and does so for good, when large streams go both ways at once.
    static void exchange(Namespace client, Namespace server, String address, int streams, int bytes)
            throws Exception {
        exchange(client, server, address, streams, bytes, Manner.IN_TURN);
    }

    private static void exchange(
            Namespace client,
            Namespace server,
            String address,
            int streams,
            int bytes,
            Manner manner)
            throws Exception {
        try (var listener = server.call(() -> new ServerSocket(0, 50))) {
            var target = new InetSocketAddress(address, listener.getLocalPort());
            exchange(client, listener, target, streams, bytes, manner);
        }
    }

    /// There and back with whoever accepts what comes to `listener` by way of `target`.
    static void exchange(
            Namespace client,
            ServerSocket listener,
            InetSocketAddress target,
            int streams,
            int bytes)
            throws Exception {
        exchange(client, listener, target, streams, bytes, Manner.IN_TURN);
    }

    private static void exchange(
            Namespace client,
            ServerSocket listener,
            InetSocketAddress target,
            int streams,
            int bytes,
            Manner manner)
            throws Exception {
        listener.setSoTimeout(TIMEOUT_MILLIS);
        var tasks = new ArrayList<FutureTask<Void>>();
        var done = new CountDownLatch(2 * streams);
        for (int i = 0; i < streams; i++) {
            tasks.add(start(() -> talk(accept(listener), manner, false, bytes, done)));
            tasks.add(
                    start(() ->
                            talk(client.call(() -> connect(target)), manner, true, bytes, done)));
        }
        awaitAll(tasks);
    }

    /// All of them, so that the one that failed first is among what is told.
    private static void awaitAll(List<FutureTask<Void>> tasks) throws Exception {
        Exception failure = null;
        for (var task : tasks) {
            try {
                task.get();
            } catch (ExecutionException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static Socket accept(ServerSocket listener) throws Exception {
        return listener.accept();
    }

    private static Socket connect(InetSocketAddress target) throws Exception {
        var socket = new Socket();
        var literal = InetAddress.ofLiteral(target.getHostString());
        socket.connect(new InetSocketAddress(literal, target.getPort()), TIMEOUT_MILLIS);
        return socket;
    }

    private static FutureTask<Void> start(Callable<Void> work) {
        var task = new FutureTask<>(work);
        Thread.ofVirtual().start(task);
        return task;
    }

    /// Neither end closes while anything is on its way.
    private static Void talk(
            Socket socket, Manner manner, boolean begins, int bytes, CountDownLatch done)
            throws Exception {
        try (socket) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            manner.talk(socket, begins, bytes);
            done.countDown();
            assertThat(done.await(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
            return null;
        }
    }

    private static void receiveAll(Socket socket, int bytes) throws Exception {
        assertThat(receive(socket.getInputStream(), bytes)).isEqualTo(expected(bytes));
    }

    private static void send(OutputStream output, int bytes) throws Exception {
        var chunk = new byte[1 << 16];
        for (int sent = 0; sent < bytes; sent += chunk.length) {
            fill(chunk, sent);
            output.write(chunk, 0, Math.min(chunk.length, bytes - sent));
        }
    }

    private static void fill(byte[] chunk, int position) {
        for (int i = 0; i < chunk.length; i++) {
            int at = position + i;
            chunk[i] = (byte) (at * 31 ^ at >> 8 ^ at >> 16);
        }
    }

    private static long receive(InputStream input, int bytes) throws Exception {
        var crc = new CRC32();
        var chunk = new byte[1 << 16];
        for (int left = bytes; left > 0; ) {
            int count = input.read(chunk, 0, Math.min(chunk.length, left));
            assertThat(count).isPositive();
            crc.update(chunk, 0, count);
            left -= count;
        }
        return crc.getValue();
    }

    private static long expected(int bytes) {
        var crc = new CRC32();
        var chunk = new byte[1 << 16];
        for (int sent = 0; sent < bytes; sent += chunk.length) {
            fill(chunk, sent);
            crc.update(chunk, 0, Math.min(chunk.length, bytes - sent));
        }
        return crc.getValue();
    }
}
