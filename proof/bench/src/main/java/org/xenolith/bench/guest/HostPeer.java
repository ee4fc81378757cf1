package org.xenolith.bench.guest;

import org.xenolith.base.Bug;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// The host's end of the network's rows: a TCP server on the loopback interface, with a thread for
/// each connection. A connection begins with 16 bytes that say what to do: a task, and how many
/// bytes it is about, as little-endian words of 64 bits (`network.c`).
final class HostPeer implements AutoCloseable {
    private static final long SEND = 1;
    private static final long RECEIVE = 2;
    private static final long ECHO = 3;

    private static final int ORDER_BYTES = 16;
    private static final int MIB = 1 << 20;

    private final ServerSocketChannel server;

    private HostPeer(ServerSocketChannel server) {
        this.server = server;
        Thread.ofPlatform().daemon().name("peer").start(this::accept);
    }

    static HostPeer open() throws IOException {
        var server = ServerSocketChannel.open();
        return new HostPeer(
                server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)));
    }

    int port() {
        return server.socket().getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                var connection = server.accept();
                Thread.ofPlatform().daemon().name("peer").start(() -> serve(connection));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private static void serve(SocketChannel connection) {
        try (connection) {
            connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
            var order = read(connection, buffer(ORDER_BYTES)).flip();
            long task = order.getLong();
            long bytes = order.getLong();
            if (task == SEND) {
                send(connection, bytes);
            } else if (task == RECEIVE) {
                receive(connection, bytes);
            } else if (task == ECHO) {
                echo(connection, bytes);
            }
        } catch (IOException _) {
            // The guest has ended, or its program: it is there that it is noticed.
        }
    }

    private static void send(SocketChannel connection, long bytes) throws IOException {
        var data = Pages.of(0, MIB / Pages.PAGE_BYTES);
        for (long sent = 0; sent < bytes; sent += MIB) {
            write(connection, data.rewind());
        }
    }

    /// Answers the labels' sum.
    private static void receive(SocketChannel connection, long bytes) throws IOException {
        var data = buffer(MIB);
        long sum = 0;
        for (long received = 0; received < bytes; received += MIB) {
            sum += Pages.sum(read(connection, data.clear()));
        }
        write(connection, buffer(Long.BYTES).putLong(sum).flip());
    }

    private static void echo(SocketChannel connection, long bytes) throws IOException {
        var data = buffer(1);
        for (long done = 0; done < bytes; done++) {
            write(connection, read(connection, data.clear()).flip());
        }
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Until the buffer is full.
    private static ByteBuffer read(SocketChannel connection, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (connection.read(buffer) < 0) {
                throw new EOFException();
            }
        }
        return buffer;
    }

    private static void write(SocketChannel connection, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            connection.write(buffer);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new Bug("a listening socket can be closed", e);
        }
    }
}
