package org.xenolith.xl.control;

import org.xenolith.migration.Link;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Connections to another host, which a client of the control socket makes when it is asked by a
/// line `dial`, and brings by a request of its own.
final class DialedLinks {
    /// How long a connection to another host may take, passwords included.
    private static final long DIAL_MILLIS_MAX = 120_000;

    private final SocketChannel client;
    private final ArrayBlockingQueue<ChannelLink> links = new ArrayBlockingQueue<>(1);

    DialedLinks(SocketChannel client) {
        this.client = client;
    }

    Link dial() throws IOException {
        links.clear();
        Lines.write(client, Json.object().put("dial", true).toString());
        try {
            var link = links.poll(DIAL_MILLIS_MAX, TimeUnit.MILLISECONDS);
            if (link == null) {
                throw new IOException("xl has made no connection in time");
            }
            return link;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// `socket` carries the octets of the connection that was asked for. Returns when it is done
    /// with, or was not asked for.
    void carry(SocketChannel socket) throws InterruptedException {
        var link = ChannelLink.of(socket);
        if (links.offer(link)) {
            link.awaitClose();
        }
    }
}
