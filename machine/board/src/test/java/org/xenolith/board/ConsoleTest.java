package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(20)
class ConsoleTest {
    private final Console console = new Console();

    @Test
    void aLateReaderSeesTheFirstByte() throws Exception {
        console.output("hello ".getBytes());
        var reader = console.reader();
        console.output("world".getBytes());
        assertThat(reader.awaitText("world", Duration.ofSeconds(1))).isEqualTo("hello world");
    }

    @Test
    void aReaderThatFallsBehindLosesOnlyTheOldest() throws Exception {
        var random = new SplittableRandom(7);
        var all = new byte[3 * Console.HISTORY_BYTES_MAX];
        random.nextBytes(all);
        var reader = console.reader();
        for (int done = 0; done < all.length; ) {
            int part = Math.min(all.length - done, 1 + random.nextInt(5000));
            console.output(all, done, part);
            done += part;
        }
        console.close();
        var kept = new byte[all.length];
        int count = 0;
        var buffer = new byte[3000];
        for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
            System.arraycopy(buffer, 0, kept, count, n);
            count += n;
        }
        assertThat(count).isEqualTo(Console.HISTORY_BYTES_MAX);
        assertThat(Arrays.copyOf(kept, count))
                .isEqualTo(Arrays.copyOfRange(all, all.length - count, all.length));
    }

    @Test
    void inputWaitsForTheGuestAndIsNeverLost() throws Exception {
        var sent = new byte[2 * Console.INPUT_BYTES_MAX + 5];
        new SplittableRandom(3).nextBytes(sent);
        var typist = Thread.ofVirtual().start(() -> type(sent));
        var taken = new byte[sent.length];
        var count = new AtomicInteger();
        var random = new SplittableRandom(4);
        while (count.get() < sent.length) {
            console.feed(bytes -> {
                int room = Math.min(bytes.length, random.nextInt(700));
                System.arraycopy(bytes, 0, taken, count.getAndAdd(room), room);
                return room;
            });
        }
        typist.join();
        assertThat(taken).isEqualTo(sent);
    }

    @Test
    void whoWaitsInVainIsToldWhatCameInstead() {
        console.output("panic".getBytes());
        assertThatThrownBy(() -> console.reader().awaitText("login:", Duration.ofMillis(5)))
                .isInstanceOf(ConsoleTimeoutException.class)
                .hasMessageContaining("login:")
                .hasMessageContaining("panic");
    }

    @Test
    void closingWakesEveryone() throws Exception {
        var reader = console.reader();
        Thread.ofVirtual().start(console::close);
        assertThat(reader.read(new byte[1])).isEqualTo(-1);
        assertThat(console.send("x")).isFalse();
    }

    private void type(byte[] bytes) {
        try {
            console.send(bytes);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
