package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

class StoreConnectionTest {
    private final XenStore store = new XenStore();
    private final AtomicInteger wakes = new AtomicInteger();
    private final StoreConnection connection = store.connect(wakes::incrementAndGet);

    private static byte[] request(int type, String payload) {
        return new Message(type, 7, 0, Message.text(payload)).encoded();
    }

    private byte[] receiveAll(int pieces) {
        var all = new ByteArrayOutputStream();
        var buffer = new byte[pieces];
        for (int n = connection.receive(buffer); n > 0; n = connection.receive(buffer)) {
            all.write(buffer, 0, n);
        }
        return all.toByteArray();
    }

    @Test
    void aStreamMayBeCutAnywhere() {
        store.write("/x", "value");
        var requests = new ByteArrayOutputStream();
        for (int i = 0; i < 5; i++) {
            requests.writeBytes(request(Message.XS_READ, "/x\0"));
        }
        byte[] bytes = requests.toByteArray();
        connection.send(bytes, 0, bytes.length);
        byte[] expected = receiveAll(4096);
        for (int piece = 1; piece < 40; piece++) {
            for (int at = 0; at < bytes.length; at += piece) {
                int length = Math.min(piece, bytes.length - at);
                assertThat(connection.send(bytes, at, length)).isEqualTo(length);
            }
            assertThat(receiveAll(piece)).isEqualTo(expected);
        }
    }

    @Test
    void aClientThatDoesNotReadIsNotServed() {
        byte[] bytes = request(Message.XS_DIRECTORY, "/\0");
        int served = 0;
        while (served < 1000 && connection.send(bytes, 0, bytes.length) == bytes.length) {
            served++;
        }
        assertThat(served).isEqualTo(Connection.REPLIES_MAX);
        receiveAll(100);
        assertThat(connection.send(bytes, 0, bytes.length)).isEqualTo(bytes.length);
    }

    @Test
    void aClientIsWokenByEventsThatOthersCause() {
        byte[] bytes = request(Message.XS_WATCH, "/x\0t\0");
        connection.send(bytes, 0, bytes.length);
        receiveAll(100);
        int before = wakes.get();
        store.write("/x", "1");
        assertThat(wakes.get()).isGreaterThan(before);
        var event = new Message(Message.XS_WATCH_EVENT, 0, 0, Message.text("/x\0t\0"));
        assertThat(receiveAll(100)).isEqualTo(event.encoded());
        connection.close();
        store.write("/x", "2");
        assertThat(receiveAll(100)).isEmpty();
    }

    @Test
    void randomBytesEndTheConnectionAtMost() {
        long seed = 51;
        var random = new SplittableRandom(seed);
        int broken = 0;
        for (int round = 0; round < 500; round++) {
            try (var client = store.connect(() -> {})) {
                for (int i = 0; i < 20 && !client.isBroken(); i++) {
                    var bytes = new byte[random.nextInt(200)];
                    random.nextBytes(bytes);
                    if (random.nextBoolean() && bytes.length > 16) {
                        // A length that is allowed, so that some get past the header.
                        bytes[13] = (byte) random.nextInt(2);
                        bytes[14] = 0;
                        bytes[15] = 0;
                    }
                    client.send(bytes, 0, bytes.length);
                    client.receive(new byte[100]);
                }
                broken += client.isBroken() ? 1 : 0;
                if (client.isBroken()) {
                    assertThat(client.send(new byte[1], 0, 1)).isZero();
                }
            }
        }
        assertThat(broken).as("seed %d", seed).isGreaterThan(100);
        assertThat(store.list("/")).isEmpty();
    }
}
