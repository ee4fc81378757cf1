package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.GuestInterface;

import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;

/// An interface's place, whose port comes and goes.
class PortSlotTest {
    private static final Frame FRAME = Frame.plain(new byte[60]);

    private final NowherePort first = port();
    private final PortSlot slot = new PortSlot(first);
    private final AtomicInteger arrived = new AtomicInteger();

    private final FrameSink guest =
            new FrameSink() {
                @Override
                public boolean offer(int queue, Frame frame) {
                    arrived.incrementAndGet();
                    return true;
                }

                @Override
                public void onRoom(int queue, Runnable retry) {}
            };

    private static NowherePort port() {
        return new NowherePort(new GuestInterface(new DomainId(1), 0, 1, OptionalInt.empty()));
    }

    @Test
    void nothingReachesTheGuestBeforeItBegins() {
        slot.open(guest);
        assertThat(first.guest).isEmpty();
        slot.begin();
        assertThat(first.guest).contains(guest);
    }

    @Test
    void anInterfaceThatComesLaterIsOpenAtOnce() {
        slot.begin();
        assertThat(first.guest).isEmpty();
        slot.open(guest);
        assertThat(first.guest).contains(guest);
    }

    @Test
    void whatIsLetGoOfIsClosedAndTheWorldIsNowhere() throws Exception {
        slot.open(guest);
        slot.begin();
        assertThat(slot.world().offer(0, FRAME)).isTrue();
        assertThat(first.frames).hasValue(1);
        slot.release();
        assertThat(first.vacated).isTrue();
        assertThat(first.closed).isFalse();
        assertThat(slot.isReleased()).isTrue();
        assertThat(slot.carrier()).isFalse();
        assertThat(slot.world().offer(0, FRAME)).isTrue();
        assertThat(first.frames).hasValue(1);
        slot.release();
        slot.close();
        assertThat(first.closed).isTrue();
    }

    @Test
    void anotherPortTakesThePlace() throws Exception {
        var told = new AtomicInteger();
        slot.open(guest);
        slot.begin();
        slot.world().onRoom(3, told::incrementAndGet);
        slot.release();
        var second = port();
        slot.plug(second);
        slot.closeVacated();
        assertThat(first.closed).isTrue();
        assertThat(slot.isReleased()).isFalse();
        assertThat(slot.carrier()).isTrue();
        assertThat(second.guest).contains(guest);
        second.retries.get(3).run();
        assertThat(told).hasValue(1);
        assertThat(slot.world().offer(0, FRAME)).isTrue();
        assertThat(second.frames).hasValue(1);
        slot.close();
        assertThat(second.closed).isTrue();
    }
}
