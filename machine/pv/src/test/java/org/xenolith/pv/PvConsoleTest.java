package org.xenolith.pv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.device.Outbox;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;
import org.xenolith.testkit.Fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

class PvConsoleTest {
    private static final long GFN = 3;
    private static final long PAGE = GFN << 12;

    private final GuestMemory memory = GuestMemory.withRam(8 * 4096, 0);
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final AtomicInteger notifications = new AtomicInteger();
    private final PvConsole console =
            new PvConsole(
                    memory,
                    GFN,
                    Outbox.passThrough(bytes -> shown.writeBytes(bytes.toArray())),
                    notifications::incrementAndGet);

    /// The guest's side of the output ring. Returns how many bytes there was room for.
    private int guestWrites(byte[] bytes, int from) {
        int consumer = memory.readInt(PAGE + PvConsole.OUT_CONSUMER);
        int producer = memory.readInt(PAGE + PvConsole.OUT_PRODUCER);
        int length = Math.min(bytes.length - from, PvConsole.OUT_BYTES - (producer - consumer));
        for (int i = 0; i < length; i++) {
            int slot = producer + i & PvConsole.OUT_BYTES - 1;
            memory.writeByte(PAGE + PvConsole.OUT + slot, bytes[from + i]);
        }
        memory.writeInt(PAGE + PvConsole.OUT_PRODUCER, producer + length);
        return length;
    }

    private byte[] guestReads(int most) {
        int consumer = memory.readInt(PAGE + PvConsole.IN_CONSUMER);
        int producer = memory.readInt(PAGE + PvConsole.IN_PRODUCER);
        var bytes = new byte[Math.min(most, producer - consumer)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) memory.readByte(PAGE + (consumer + i & PvConsole.IN_BYTES - 1));
        }
        memory.writeInt(PAGE + PvConsole.IN_CONSUMER, consumer + bytes.length);
        return bytes;
    }

    private static byte[] randomBytes(SplittableRandom random, int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    @Test
    void everyByteTheGuestWritesIsShownOnceAndInOrder() {
        long seed = 11;
        var random = new SplittableRandom(seed);
        memory.writeInt(PAGE + PvConsole.OUT_CONSUMER, -5000);
        memory.writeInt(PAGE + PvConsole.OUT_PRODUCER, -5000);
        var written = new ByteArrayOutputStream();
        for (int round = 0; round < 200; round++) {
            byte[] bytes = randomBytes(random, random.nextInt(3000));
            int accepted = guestWrites(bytes, 0);
            written.write(bytes, 0, accepted);
            if (random.nextInt(3) > 0) {
                console.notified();
            }
        }
        console.notified();
        assertThat(shown.toByteArray()).as("seed %d", seed).isEqualTo(written.toByteArray());
    }

    @Test
    void everyByteTypedReachesTheGuestInOrderAsItMakesRoom() {
        long seed = 12;
        var random = new SplittableRandom(seed);
        memory.writeInt(PAGE + PvConsole.IN_CONSUMER, -3000);
        memory.writeInt(PAGE + PvConsole.IN_PRODUCER, -3000);
        var typed = new ByteArrayOutputStream();
        var read = new ByteArrayOutputStream();
        for (int round = 0; round < 300; round++) {
            byte[] bytes = randomBytes(random, random.nextInt(2000));
            int taken = console.accept(bytes);
            typed.write(bytes, 0, taken);
            read.writeBytes(guestReads(random.nextInt(1200)));
            console.notified();
        }
        for (int round = 0; round < 100; round++) {
            read.writeBytes(guestReads(1024));
            console.notified();
        }
        assertThat(read.toByteArray()).as("seed %d", seed).isEqualTo(typed.toByteArray());
    }

    @Test
    void inputForAGuestThatDoesNotReadIsBounded() {
        int most = PvConsole.INPUT_BYTES_MAX + PvConsole.IN_BYTES;
        int taken = 0;
        for (int i = 0; i < 2 * most / 1000; i++) {
            taken += console.accept(new byte[1000]);
        }
        assertThat(taken).isEqualTo(most);
    }

    @Test
    void theGuestIsNotifiedOnlyWhenSomethingMoved() {
        console.notified();
        assertThat(notifications).hasValue(0);
        guestWrites("x".getBytes(StandardCharsets.US_ASCII), 0);
        console.notified();
        assertThat(notifications).hasValue(1);
        console.accept(new byte[] {'y'});
        assertThat(notifications).hasValue(2);
    }

    @Test
    void impossibleIndicesMoveNothingUntilTheyArePutRight() {
        console.accept(new byte[1024]);
        for (int used : new int[] {PvConsole.OUT_BYTES + 1, -1, Integer.MIN_VALUE}) {
            memory.writeInt(PAGE + PvConsole.OUT_CONSUMER, 0);
            memory.writeInt(PAGE + PvConsole.OUT_PRODUCER, used);
            memory.writeInt(PAGE + PvConsole.IN_CONSUMER, 0);
            memory.writeInt(PAGE + PvConsole.IN_PRODUCER, used);
            console.accept(new byte[] {1});
            assertThat(shown.size()).isZero();
            assertThat(memory.readInt(PAGE + PvConsole.IN_PRODUCER)).isEqualTo(used);
            assertThat(memory.readInt(PAGE + PvConsole.OUT_CONSUMER)).isZero();
        }
        memory.writeInt(PAGE + PvConsole.OUT_PRODUCER, 7);
        console.notified();
        assertThat(shown.size()).isEqualTo(7);
    }

    @Test
    void aPageThatIsNotThereMovesNothing() {
        memory.unmap(GFN);
        assertThat(console.accept(new byte[10])).isEqualTo(10);
        console.notified();
        assertThat(shown.size()).isZero();
        assertThat(console.capture().queuedInput().length()).isEqualTo(10);
    }

    @Test
    @Tag("fuzz")
    void randomPagesCauseNothingButBytes() {
        var fuzz = new Fuzz(13, 5000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            memory.write(PAGE, randomBytes(random, 4096));
            int near = random.nextInt();
            for (int offset = PvConsole.IN_CONSUMER;
                    offset <= PvConsole.OUT_PRODUCER;
                    offset += 4) {
                if (random.nextBoolean()) {
                    memory.writeInt(PAGE + offset, near + random.nextInt(4096) - 2048);
                }
            }
            console.accept(randomBytes(random, random.nextInt(50)));
            console.notified();
            assertThat(shown.size()).as(fuzz.toString()).isLessThanOrEqualTo(2 * 2048);
            shown.reset();
        }
    }

    @Test
    void aRefusedOfferLeavesTheBytesWithTheGuestUntilThereIsRoom() {
        var taken = new ArrayList<Bytes>();
        var outbox = new FullableOutbox(taken);
        var mirrored = new PvConsole(memory, GFN, outbox, notifications::incrementAndGet);
        outbox.full = true;
        guestWrites("abc".getBytes(StandardCharsets.US_ASCII), 0);
        mirrored.notified();
        assertThat(taken).isEmpty();
        assertThat(memory.readInt(PAGE + PvConsole.OUT_CONSUMER)).isZero();
        outbox.full = false;
        outbox.retry.run();
        assertThat(taken).containsExactly(Bytes.of((byte) 'a', (byte) 'b', (byte) 'c'));
        assertThat(memory.readInt(PAGE + PvConsole.OUT_CONSUMER)).isEqualTo(3);
    }

    @Test
    void whilePausedItHoldsWhatItIsGivenAndMovesNothing() {
        console.pause();
        assertThat(console.paused()).isCompleted();
        guestWrites("abc".getBytes(StandardCharsets.US_ASCII), 0);
        console.notified();
        assertThat(console.accept(new byte[] {9, 8})).isEqualTo(2);
        assertThat(shown.size()).isZero();
        assertThat(notifications).hasValue(0);
        console.resume();
        assertThat(shown.toString(StandardCharsets.US_ASCII)).isEqualTo("abc");
        assertThat(guestReads(10)).containsExactly(9, 8);
    }

    @Test
    void aRestoredTwinHoldsTheSameInput() {
        console.pause();
        console.accept(new byte[] {1, 2, 3});
        var state = console.capture();
        var twin = new PvConsole(memory, GFN, Outbox.passThrough(bytes -> {}), () -> {});
        twin.restore(state);
        assertThat(twin.capture()).isEqualTo(state);
        twin.start();
        assertThat(guestReads(10)).containsExactly(1, 2, 3);
    }

    @Test
    void aStateWithTooMuchInputIsRefused() {
        var tooMuch = Bytes.of(new byte[PvConsole.INPUT_BYTES_MAX + 1]);
        assertThatThrownBy(() -> new PvConsoleState(tooMuch)).isInstanceOf(StateException.class);
    }

    @Test
    void aHaltedConsoleTakesNothing() {
        console.halt();
        assertThat(console.accept(new byte[] {1})).isZero();
        guestWrites(new byte[] {1}, 0);
        console.notified();
        assertThat(shown.size()).isZero();
    }

    @Test
    void notificationsFromManyThreadsKeepTheOrder() throws InterruptedException {
        byte[] bytes = randomBytes(new SplittableRandom(14), 400_000);
        var threads = new ArrayList<Thread>();
        var done = new AtomicBoolean();
        for (int i = 0; i < 3; i++) {
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                for (int n = 0; n < 1_000_000 && !done.get(); n++) {
                                    console.notified();
                                    Thread.yield();
                                }
                            }));
        }
        int at = 0;
        for (int round = 0; at < bytes.length && round < 1_000_000; round++) {
            at += guestWrites(bytes, at);
            GuestMemory.fence();
            console.notified();
        }
        done.set(true);
        for (var thread : threads) {
            thread.join();
        }
        console.notified();
        assertThat(shown.toByteArray()).isEqualTo(bytes);
    }

    private static final class FullableOutbox implements Outbox<Bytes> {
        private final List<Bytes> taken;
        private boolean full;
        private Runnable retry;

        private FullableOutbox(List<Bytes> taken) {
            this.taken = taken;
        }

        @Override
        public boolean offer(Bytes effect) {
            return !full && taken.add(effect);
        }

        @Override
        public void onRoom(Runnable retry) {
            this.retry = retry;
        }
    }
}
