package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.device.Device;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;
import org.xenolith.testkit.DeviceLaws;
import org.xenolith.testkit.DeviceRig;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

class StoreLawsTest {
    private static final int GUESTS = 2;
    private static final int PAGE = 4096;

    /// Guests that send requests, some of them torn, and read what they like of the answers.
    private static final class Rig implements DeviceRig<StoreState> {
        private final XenStore store = new XenStore();
        private final List<GuestMemory> memories = new ArrayList<>();
        private final List<StoreRing> rings = new ArrayList<>();

        private static Rig first() {
            var rig = new Rig(null);
            rig.store.makeDirectory("/s");
            rig.store.setPermissions("/s", new Permissions(0, Access.BOTH, List.of()));
            return rig;
        }

        private Rig(Rig original) {
            for (int guest = 0; guest < GUESTS; guest++) {
                var memory = GuestMemory.withRam(PAGE, 0);
                if (original != null) {
                    memory.write(0, original.memories.get(guest).read(0, PAGE));
                }
                memories.add(memory);
                rings.add(store.introduce(new DomainId(guest + 1), memory, 0, () -> {}));
            }
        }

        @Override
        public Device<StoreState> device() {
            return store;
        }

        @Override
        public Rig fresh() {
            return new Rig(this);
        }

        @Override
        public Object step(RandomGenerator random) {
            int guest = random.nextInt(GUESTS);
            if (random.nextInt(8) == 0) {
                store.write("/s/" + random.nextInt(3), "by the tools");
            }
            send(memories.get(guest), request(random), random);
            rings.get(guest).notified();
            var answer = receive(memories.get(guest), random);
            rings.get(guest).notified();
            return answer;
        }

        private static byte[] request(RandomGenerator random) {
            var path = "/s/" + random.nextInt(3) + (random.nextBoolean() ? "/x" : "") + "\0";
            int transaction = random.nextInt(4);
            return switch (random.nextInt(9)) {
                case 0, 1 -> message(Message.XS_WRITE, transaction, path + random.nextInt(4));
                case 2 -> message(Message.XS_READ, transaction, path);
                case 3 -> message(Message.XS_RM, transaction, path);
                case 4 -> message(Message.XS_WATCH, 0, path + "t" + random.nextInt(3) + "\0");
                case 5 -> message(Message.XS_TRANSACTION_START, 0, "\0");
                case 6 -> message(Message.XS_TRANSACTION_END, transaction, "T\0");
                case 7 -> message(Message.XS_SET_PERMS, transaction, path + "b1\0r2\0");
                default -> message(Message.XS_DIRECTORY_PART, transaction, "/s\0" + "0\0");
            };
        }

        private static byte[] message(int type, int transaction, String payload) {
            return new Message(type, 9, transaction, Message.text(payload)).encoded();
        }

        private static void send(GuestMemory memory, byte[] bytes, RandomGenerator random) {
            int producer = memory.readInt(StoreRing.REQUEST_PRODUCER);
            int room =
                    StoreRing.RING_BYTES - (producer - memory.readInt(StoreRing.REQUEST_CONSUMER));
            if (room < bytes.length || random.nextInt(50) == 0) {
                return;
            }
            for (int i = 0; i < bytes.length; i++) {
                memory.writeByte(producer + i & StoreRing.RING_BYTES - 1, bytes[i]);
            }
            // Now and then the end of a request comes later, or never.
            int length = random.nextInt(100) == 0 ? bytes.length / 2 : bytes.length;
            memory.writeInt(StoreRing.REQUEST_PRODUCER, producer + length);
        }

        private static Bytes receive(GuestMemory memory, RandomGenerator random) {
            int consumer = memory.readInt(StoreRing.REPLY_CONSUMER);
            int there = memory.readInt(StoreRing.REPLY_PRODUCER) - consumer;
            var bytes = new byte[random.nextBoolean() ? there : random.nextInt(there + 1)];
            for (int i = 0; i < bytes.length; i++) {
                int slot = consumer + i & StoreRing.RING_BYTES - 1;
                bytes[i] = (byte) memory.readByte(StoreRing.REPLIES + slot);
            }
            memory.writeInt(StoreRing.REPLY_CONSUMER, consumer + bytes.length);
            return Bytes.of(bytes);
        }
    }

    @Test
    void theStoreObeysTheLawsOfDevices() {
        DeviceLaws.check(Rig::first, 41, 60, 150);
    }

    @Test
    void anOpenTransactionSurvives() {
        var store = new XenStore();
        var guest = TestGuest.atHome(store, 1);
        guest.write("x", "1");
        int id = guest.startTransaction();
        guest.call(Message.XS_WRITE, id, "y\0" + "2");
        guest.call(Message.XS_READ, id, "x\0");
        store.write("/local/domain/1/z", "3");
        var state = store.capture();
        for (boolean conflict : new boolean[] {false, true}) {
            var moved = new XenStore();
            var twin = new TestGuest(moved, 1);
            moved.restore(state);
            assertThat(moved.capture()).isEqualTo(state);
            if (conflict) {
                moved.write("/local/domain/1/x", "4");
            }
            assertThat(twin.call(Message.XS_READ, id, "y\0")).isEqualTo("2");
            assertThat(twin.endTransaction(id, true)).isEqualTo(conflict ? "EAGAIN" : "OK");
        }
    }

    @Test
    void aStateNeedsTheRingsOfItsDomains() {
        var store = new XenStore();
        TestGuest.atHome(store, 1);
        var state = store.capture();
        var other = new XenStore();
        var before = other.capture();
        assertThatThrownBy(() -> other.restore(state)).isInstanceOf(StateException.class);
        assertThat(other.capture()).isEqualTo(before);
    }
}
