package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.memory.GuestMemory;
import org.xenolith.testkit.Fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

class StoreRingTest {
    private final XenStore store = new XenStore();
    private final TestGuest guest = TestGuest.atHome(store, 1);

    private static byte[] randomBytes(SplittableRandom random, int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    @Test
    void indicesMayWrapAround() {
        for (int offset : new int[] {StoreRing.REQUEST_CONSUMER, StoreRing.REQUEST_PRODUCER}) {
            guest.setField(offset, -100);
        }
        for (int offset : new int[] {StoreRing.REPLY_CONSUMER, StoreRing.REPLY_PRODUCER}) {
            guest.setField(offset, -50);
        }
        for (int i = 0; i < 50; i++) {
            assertThat(guest.write("x", "value " + i)).isEqualTo("OK");
            assertThat(guest.read("x")).isEqualTo("value " + i);
        }
    }

    @Test
    void messagesLargerThanTheRingPass() {
        var value = "0123456789".repeat(200);
        assertThat(guest.write("x", value)).isEqualTo("OK");
        assertThat(guest.read("x")).isEqualTo(value);
    }

    @Test
    void bytesMayArriveOneByOne() {
        store.write("/local/domain/1/x", "v");
        for (byte one : new Message(Message.XS_READ, 5, 0, Message.text("x\0")).encoded()) {
            assertThat(guest.field(StoreRing.REPLY_PRODUCER)).isZero();
            guest.send(new byte[] {one});
        }
        assertThat(guest.field(StoreRing.REPLY_PRODUCER)).isEqualTo(Message.HEADER_BYTES + 1);
    }

    @Test
    void theGuestIsSignalledOnlyWhenSomethingMoved() {
        guest.ring.notified();
        assertThat(guest.signals).isZero();
        guest.read("x");
        assertThat(guest.signals).isPositive();
    }

    @Test
    void impossibleIndicesEndTheConnection() {
        for (int wrong : new int[] {1025, -1, Integer.MIN_VALUE}) {
            guest.watch("x", "t");
            guest.setField(StoreRing.REQUEST_PRODUCER, wrong);
            guest.setField(StoreRing.REQUEST_CONSUMER, 0);
            guest.ring.notified();
            assertThat(guest.field(StoreRing.CONNECTION_ERROR))
                    .isEqualTo(StoreRing.ERROR_RING_INDEX);
            reconnect();
            assertThat(guest.unwatch("x", "t")).isEqualTo("ENOENT");
        }
    }

    @Test
    void impossibleReplyIndicesEndTheConnection() {
        guest.setField(StoreRing.REPLY_PRODUCER, 5000);
        guest.send(new Message(Message.XS_READ, 5, 0, Message.text("x\0")).encoded());
        assertThat(guest.field(StoreRing.CONNECTION_ERROR)).isEqualTo(StoreRing.ERROR_RING_INDEX);
    }

    @Test
    void aMessageThatIsTooLongEndsTheConnection() {
        int id = guest.startTransaction();
        var header = new byte[Message.HEADER_BYTES];
        header[12] = 1;
        header[13] = 16;
        guest.send(header);
        assertThat(guest.field(StoreRing.CONNECTION_ERROR)).isEqualTo(StoreRing.ERROR_PROTOCOL);
        int replied = guest.field(StoreRing.REPLY_PRODUCER);
        guest.setField(StoreRing.REQUEST_CONSUMER, 0);
        guest.setField(StoreRing.REQUEST_PRODUCER, 500);
        guest.ring.notified();
        assertThat(guest.field(StoreRing.REPLY_PRODUCER)).isEqualTo(replied);
        assertThat(guest.field(StoreRing.REQUEST_CONSUMER)).isZero();
        reconnect();
        assertThat(guest.endTransaction(id, true)).isEqualTo("ENOENT");
    }

    private void reconnect() {
        guest.setField(StoreRing.CONNECTION_STATE, StoreRing.RECONNECT);
        guest.ring.notified();
        for (int offset = StoreRing.REQUEST_CONSUMER;
                offset <= StoreRing.CONNECTION_ERROR;
                offset += 4) {
            int expected = offset == StoreRing.SERVER_FEATURES ? StoreCore.FEATURES : 0;
            assertThat(guest.field(offset)).as("field %d", offset).isEqualTo(expected);
        }
        assertThat(guest.makeDirectory("alive")).isEqualTo("OK");
    }

    @Test
    void reconnectingDropsWhatIsUnderWay() {
        guest.watch("x", "t");
        guest.send(new byte[] {1, 2, 3});
        store.write("/local/domain/1/x", "");
        reconnect();
        guest.takeEvents().clear();
        store.write("/local/domain/1/x", "");
        assertThat(guest.takeEvents()).isEmpty();
    }

    @Test
    void aGuestThatDoesNotReadRepliesIsNotServedForEver() {
        store.write("/local/domain/1/x", "v".repeat(2000));
        var request = new Message(Message.XS_READ, 5, 0, Message.text("x\0")).encoded();
        int sent = 0;
        for (int i = 0; i < 1000; i++) {
            int producer = guest.field(StoreRing.REQUEST_PRODUCER);
            int room = 1024 - (producer - guest.field(StoreRing.REQUEST_CONSUMER));
            if (room < request.length) {
                break;
            }
            for (int n = 0; n < request.length; n++) {
                int slot = producer + n & 1023;
                guest.memory.writeByte(TestGuest.PAGE + slot, request[n]);
            }
            guest.setField(StoreRing.REQUEST_PRODUCER, producer + request.length);
            guest.ring.notified();
            sent++;
        }
        assertThat(sent).isBetween(Connection.REPLIES_MAX, 100);
        int replies = 0;
        for (int round = 0; round < 1000 && replies < sent * (16 + 2000); round++) {
            int producer = guest.field(StoreRing.REPLY_PRODUCER);
            replies += producer - guest.field(StoreRing.REPLY_CONSUMER);
            guest.setField(StoreRing.REPLY_CONSUMER, producer);
            guest.ring.notified();
        }
        assertThat(replies).isEqualTo(sent * (16 + 2000));
    }

    @Test
    void aPageThatIsNotThereIsLeftAlone() {
        guest.memory.unmap(TestGuest.PAGE >> 12);
        guest.ring.notified();
        assertThat(guest.signals).isZero();
    }

    @Test
    @Tag("fuzz")
    void randomBytesInTheRingBringOnlyRefusals() {
        var fuzz = new Fuzz(31, 3000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            guest.memory.write(TestGuest.PAGE, randomBytes(random, 2048));
            int base = random.nextInt();
            for (int offset = StoreRing.REQUEST_CONSUMER; offset <= 2060; offset += 4) {
                guest.setField(offset, base + random.nextInt(1100));
            }
            guest.setField(StoreRing.CONNECTION_STATE, random.nextInt(3));
            guest.ring.notified();
            if (random.nextInt(10) == 0) {
                guest.memory.write(TestGuest.PAGE, randomBytes(random, 4096));
                guest.ring.notified();
            }
        }
        assertThat(store.list("/local/domain")).as(fuzz.toString()).containsExactly("1");
    }

    /// Well-formed headers carry the payloads past the first checks.
    @Test
    @Tag("fuzz")
    void randomMessagesChangeNothingOutsideTheGuestsReach() {
        store.write("/secret/x", "s");
        var pieces =
                new String[] {
                    "\0", "/", "a", "x/y", "/local/domain/1/z", "/secret/x", "@releaseDomain", "1",
                    "T", "r1", "b0", "check", "nodes", "-5", "99999999999", "\u00ff",
                };
        var fuzz = new Fuzz(32, 30_000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var payload = new StringBuilder();
            int count = random.nextInt(6);
            for (int i = 0; i < count; i++) {
                payload.append(pieces[random.nextInt(pieces.length)]);
                payload.append(random.nextInt(3) > 0 ? "\0" : "");
            }
            int transaction = random.nextInt(3) == 0 ? random.nextInt(12) : 0;
            var request =
                    new Message(
                            random.nextInt(28),
                            random.nextInt(),
                            transaction,
                            Message.text(payload.toString()));
            var reply = guest.call(request);
            assertThat(reply.requestId()).as(fuzz.toString()).isEqualTo(request.requestId());
            guest.events.clear();
        }
        assertThat(store.read("/secret/x")).as(fuzz.toString()).contains("s");
        assertThat(store.list("/")).containsExactly("local", "secret");
        assertThat(store.permissions("/secret/x")).contains(Permissions.CONTROL_ONLY);
    }

    @Test
    void whilePausedNothingMovesAndNothingIsLost() {
        guest.watch("x", "t");
        guest.takeEvents().clear();
        int signals = guest.signals;
        store.pause();
        assertThat(store.paused()).isCompleted();
        store.write("/local/domain/1/x", "1");
        guest.setField(StoreRing.CONNECTION_STATE, StoreRing.CONNECTED);
        guest.ring.notified();
        assertThat(guest.signals).isEqualTo(signals);
        assertThat(guest.takeEvents()).isEmpty();
        store.resume();
        assertThat(guest.takeEvents()).containsExactly("x t");
    }

    @Test
    void aDomainIsIntroducedOnce() {
        var memory = GuestMemory.withRam(4096, 0);
        assertThatThrownBy(() -> store.introduce(new DomainId(1), memory, 0, () -> {}))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aReleasedDomainIsNotServed() {
        store.release(new DomainId(1));
        guest.setField(StoreRing.REQUEST_PRODUCER, 100);
        guest.ring.notified();
        assertThat(guest.field(StoreRing.REQUEST_CONSUMER)).isZero();
    }

    @Test
    void guestsOnManyThreadsCountTogetherInTransactions() throws InterruptedException {
        store.makeDirectory("/shared");
        store.setPermissions("/shared", new Permissions(0, Access.BOTH, List.of()));
        store.write("/shared/count", "0");
        var done = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int domain = 2; domain < 6; domain++) {
            var each = new TestGuest(store, domain);
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                int counted = 0;
                                for (int n = 0; n < 100_000 && counted < 100; n++) {
                                    counted += increment(each) ? 1 : 0;
                                }
                                done.addAndGet(counted);
                            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        assertThat(done).hasValue(400);
        assertThat(store.read("/shared/count")).contains("400");
    }

    private static boolean increment(TestGuest each) {
        int id = each.startTransaction();
        int count = Integer.parseInt(each.call(Message.XS_READ, id, "/shared/count\0"));
        each.call(Message.XS_WRITE, id, "/shared/count\0" + (count + 1));
        return each.endTransaction(id, true).equals("OK");
    }
}
