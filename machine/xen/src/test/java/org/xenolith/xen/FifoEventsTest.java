package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.EventChannelAbi.*;

import org.junit.jupiter.api.Test;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

class FifoEventsTest {
    private static final long SEED = 20240229;
    private static final long CONTROL = 0x6000;
    private static final long WORDS = 0x8000;
    private static final int PENDING = 1 << 31;
    private static final int MASKED = 1 << 30;
    private static final int LINKED = 1 << 29;
    private static final int LINK = (1 << 17) - 1;

    private final Guest guest = new Guest();

    private long op(int command, Struct struct, Object... members) {
        long at = guest.put(struct, members);
        return guest.call(XenAbi.__HYPERVISOR_event_channel_op, command, at);
    }

    private void switchToFifo() {
        for (int vcpu = 0; vcpu < 2; vcpu++) {
            assertThat(
                            op(
                                    EVTCHNOP_init_control,
                                    INIT_CONTROL,
                                    "control_gfn",
                                    CONTROL >>> 12,
                                    "offset",
                                    vcpu * 128,
                                    "vcpu",
                                    vcpu))
                    .isZero();
            assertThat(guest.got(INIT_CONTROL, "link_bits")).isEqualTo(17);
        }
        assertThat(op(EVTCHNOP_expand_array, EXPAND_ARRAY, "array_gfn", WORDS >>> 12)).isZero();
    }

    private int bindIpi(int vcpu) {
        assertThat(op(EVTCHNOP_bind_ipi, BIND_IPI, "vcpu", vcpu)).isZero();
        return (int) guest.got(BIND_IPI, "port");
    }

    private void send(int port) {
        assertThat(op(EVTCHNOP_send, SEND, "port", port)).isZero();
    }

    private int word(int port) {
        return guest.memory.readInt(WORDS + port * 4L);
    }

    /// Takes events as a guest does: queue by queue from the highest priority, following the links.
    private List<Integer> consume(int vcpu) {
        var events = new ArrayList<Integer>();
        long block = CONTROL + vcpu * 128L;
        int ready = guest.memory.readInt(block);
        guest.memory.writeInt(block, 0);
        for (int queue = 0; queue < 16; queue++) {
            if ((ready >>> queue & 1) == 0) {
                continue;
            }
            int port = guest.memory.readInt(block + 8 + queue * 4L);
            while (port != 0) {
                int word = word(port);
                int next = word & LINK;
                guest.memory.writeInt(WORDS + port * 4L, word & ~(LINKED | LINK));
                if ((word & PENDING) != 0 && (word & MASKED) == 0) {
                    guest.memory.writeInt(WORDS + port * 4L, word(port) & ~PENDING);
                    events.add(port);
                }
                port = next;
            }
        }
        return events;
    }

    @Test
    void eventsArriveInTheOrderInWhichTheyWereSent() {
        switchToFifo();
        var ports = List.of(bindIpi(0), bindIpi(0), bindIpi(0));
        send(ports.get(1));
        send(ports.get(0));
        send(ports.get(2));
        send(ports.get(0));
        assertThat(consume(0)).containsExactly(ports.get(1), ports.get(0), ports.get(2));
        assertThat(consume(0)).isEmpty();
    }

    @Test
    void aHigherPriorityGoesFirst() {
        switchToFifo();
        int low = bindIpi(0);
        int high = bindIpi(0);
        assertThat(op(EVTCHNOP_set_priority, SET_PRIORITY, "port", high, "priority", 2)).isZero();
        send(low);
        send(high);
        assertThat(consume(0)).containsExactly(high, low);
        assertThat(op(EVTCHNOP_set_priority, SET_PRIORITY, "port", high, "priority", 16))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void unmaskingAPendingEventDeliversIt() {
        switchToFifo();
        int port = bindIpi(0);
        guest.memory.writeInt(WORDS + port * 4L, MASKED);
        send(port);
        assertThat(consume(0)).isEmpty();
        assertThat(op(EVTCHNOP_unmask, UNMASK, "port", port)).isZero();
        assertThat(consume(0)).containsExactly(port);
    }

    @Test
    void whatWasPendingBeforeTheSwitchIsPendingAfterIt() {
        int port = bindIpi(0);
        send(port);
        switchToFifo();
        assertThat(word(port) & PENDING).isNotZero();
        assertThat(consume(0)).containsExactly(port);
    }

    @Test
    void aClosedPortThatIsStillQueuedIsNotGivenOutAgain() {
        switchToFifo();
        int port = bindIpi(0);
        send(port);
        assertThat(op(EVTCHNOP_close, CLOSE, "port", port)).isZero();
        assertThat(word(port)).isEqualTo(LINKED);
        assertThat(bindIpi(0)).isNotEqualTo(port);
        assertThat(consume(0)).isEmpty();
        assertThat(bindIpi(0)).isEqualTo(port);
    }

    @Test
    void aControlBlockIsCheckedAndGivenOnce() {
        for (int offset : new int[] {4, 4096 - 64, 4096, -8, 1 << 30}) {
            assertThat(op(EVTCHNOP_init_control, INIT_CONTROL, "control_gfn", 6, "offset", offset))
                    .isEqualTo(XenErrno.EINVAL.negative());
        }
        assertThat(op(EVTCHNOP_init_control, INIT_CONTROL, "control_gfn", 1L << 40))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(EVTCHNOP_init_control, INIT_CONTROL, "control_gfn", 6, "vcpu", 5))
                .isEqualTo(XenErrno.ENOENT.negative());
        assertThat(op(EVTCHNOP_expand_array, EXPAND_ARRAY, "array_gfn", 8))
                .isEqualTo(XenErrno.EOPNOTSUPP.negative());
        assertThat(op(EVTCHNOP_init_control, INIT_CONTROL, "control_gfn", 6)).isZero();
        assertThat(op(EVTCHNOP_init_control, INIT_CONTROL, "control_gfn", 6))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(EVTCHNOP_expand_array, EXPAND_ARRAY, "array_gfn", Guest.HOLE >>> 12))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void anEventArrayHasAtMost128Pages() {
        op(EVTCHNOP_init_control, INIT_CONTROL, "control_gfn", 6);
        for (int page = 0; page < 128; page++) {
            assertThat(op(EVTCHNOP_expand_array, EXPAND_ARRAY, "array_gfn", 8)).isZero();
        }
        assertThat(op(EVTCHNOP_expand_array, EXPAND_ARRAY, "array_gfn", 8))
                .isEqualTo(XenErrno.ENOSPC.negative());
    }

    @Test
    void resetGoesBackToTwoLevels() {
        switchToFifo();
        assertThat(op(EVTCHNOP_reset, RESET, "dom", Guest.SELF)).isZero();
        assertThat(op(EVTCHNOP_set_priority, SET_PRIORITY, "port", bindIpi(0)))
                .isEqualTo(XenErrno.ENOSYS.negative());
    }

    @Test
    void noEventIsLostWhateverTheInterleaving() {
        switchToFifo();
        var random = new SplittableRandom(SEED);
        var ports = new ArrayList<Integer>();
        for (int i = 0; i < 40; i++) {
            ports.add(bindIpi(i % 2));
        }
        var waiting = new ArrayList<Integer>();
        for (int step = 0; step < 5_000; step++) {
            int port = ports.get(random.nextInt(ports.size()));
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    send(port);
                    if (!waiting.contains(port)) {
                        waiting.add(port);
                    }
                }
                case 2 ->
                        op(
                                EVTCHNOP_set_priority,
                                SET_PRIORITY,
                                "port",
                                port,
                                "priority",
                                random.nextInt(16));
                default -> {
                    var got = consume(random.nextInt(2));
                    assertThat(got).as("seed " + SEED + " step " + step).doesNotHaveDuplicates();
                    assertThat(waiting).containsAll(got);
                    waiting.removeAll(got);
                }
            }
        }
        var rest = new ArrayList<>(consume(0));
        rest.addAll(consume(1));
        assertThat(rest).as("seed " + SEED).containsExactlyInAnyOrderElementsOf(waiting);
    }

    @Test
    void aGuestThatScribblesOnItsQueuesHarmsOnlyItself() {
        switchToFifo();
        var random = new SplittableRandom(SEED);
        var ports = new ArrayList<Integer>();
        for (int i = 0; i < 40; i++) {
            ports.add(bindIpi(i % 2));
        }
        for (int step = 0; step < 5_000; step++) {
            long place = (random.nextBoolean() ? WORDS : CONTROL) + random.nextInt(64) * 4L;
            guest.memory.writeInt(place, random.nextInt());
            send(ports.get(random.nextInt(ports.size())));
            op(EVTCHNOP_unmask, UNMASK, "port", ports.get(random.nextInt(ports.size())));
        }
    }
}
