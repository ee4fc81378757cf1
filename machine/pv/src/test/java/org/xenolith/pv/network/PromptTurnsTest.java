package org.xenolith.pv.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.device.Promptness;
import org.xenolith.xen.abi.NetifAbi;

import java.io.IOException;
import java.util.Optional;

/// Who makes the turns of a queue: the vCPU that asks for them while they are prompt, else the
/// worker. The time is the test's own.
@Timeout(60)
class PromptTurnsTest {
    /// After so many that took no time turns are prompt, whatever was before.
    private static final int MANY = 64;

    private final NetworkGuest guest = new NetworkGuest();
    private final FakePort port = new FakePort();
    private NetworkBackend backend;
    private NetworkFrontend frontend;

    @BeforeEach
    void connect() {
        backend = guest.attach(port, Optional.empty());
        frontend = NetworkFrontend.connect(guest);
        transmit(MANY);
        port.threads.clear();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        backend.close();
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    private void transmit(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(frontend.queue().perform(Frames.udp(4, 100), 0, 0, 0))
                    .containsExactly(NetifAbi.NETIF_RSP_OKAY);
        }
    }

    @Test
    void promptOnesAreMadeByWhoAsks() {
        transmit(3);
        assertThat(port.threads).hasSize(3).containsOnly(Thread.currentThread());
    }

    @Test
    void thoseThatTakeLongAreMadeByTheWorker() {
        port.onOffer = () -> guest.clock.advance(2 * Promptness.PROMPT_NANOS);
        transmit(MANY);
        port.threads.clear();
        transmit(MANY);
        assertThat(port.threads).hasSize(MANY).doesNotContain(Thread.currentThread());
        port.onOffer = () -> {};
        transmit(MANY);
        port.threads.clear();
        transmit(MANY);
        assertThat(port.threads).hasSize(MANY).containsOnly(Thread.currentThread());
    }

    @Test
    void whatIsTooMuchForOneTurnIsLeftToTheWorker() {
        int count = 60;
        var frame = Frames.udp(4, 100);
        long page = guest.page();
        guest.memory.write(page, frame);
        int reference = guest.grant(page);
        int before = frontend.queue().tx.produced;
        for (int i = 0; i < count; i++) {
            frontend.queue().slot(reference, 0, 0, frame.length);
        }
        frontend.queue().pushTx(before);
        guest.await("all frames", () -> port.threads.size() == count);
        long here = port.threads.stream().filter(Thread.currentThread()::equals).count();
        assertThat(here).isBetween(1L, (long) NetworkQueue.PROMPT_STEPS);
        assertThat(port.threads.getFirst()).isEqualTo(Thread.currentThread());
    }

    @Test
    void aWorldWithoutRoomIsAskedAgainByTheWorker() {
        port.room.set(0);
        frontend.queue().transmit(Frames.udp(4, 100), 0, 0, 0);
        assertThat(port.refusals.get()).isEqualTo(1);
        port.makeRoom(1);
        guest.await("the frame", () -> port.frames.size() == MANY + 1);
        assertThat(port.threads).last().isNotEqualTo(Thread.currentThread());
    }
}
