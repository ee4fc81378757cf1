package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.network.FrameSink;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.NetworkException;
import org.xenolith.network.Offloads;
import org.xenolith.network.Port;
import org.xenolith.network.PortKind;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;

class OpeningPortsTest {
    private static final PortKind KIND = new PortKind.Network("lab");

    private final List<Integer> failures = new ArrayList<>();

    /// Says when it is closed.
    private static final class FakePort implements Port {
        private final boolean stuck;
        private volatile boolean closed;

        FakePort(boolean stuck) {
            this.stuck = stuck;
        }

        @Override
        public void open(FrameSink guest) {}

        @Override
        public FrameSink world() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Offloads offloads() {
            return Offloads.ALL;
        }

        @Override
        public int mtu() {
            return GuestInterface.MTU_MIN;
        }

        @Override
        public boolean carrier() {
            return true;
        }

        @Override
        public String description() {
            return "fake";
        }

        @Override
        public void close() throws IOException {
            closed = true;
            if (stuck) {
                throw new IOException("stuck");
            }
        }
    }

    private static GuestInterface owner(int device) {
        return new GuestInterface(new DomainId(1), device, 1, OptionalInt.empty());
    }

    @Test
    void aPortIsOpenedBesideAndGivenAwayOnce() throws NetworkException {
        var go = new CountDownLatch(1);
        var port = new FakePort(false);
        var opening =
                new OpeningPorts((_, _) -> {
                    awaitUnchecked(go);
                    return port;
                });
        opening.begin(KIND, owner(3));
        go.countDown();
        assertThat(opening.take(2)).isEmpty();
        assertThat(opening.take(3)).containsSame(port);
        assertThat(opening.take(3)).isEmpty();
        opening.close((device, _) -> failures.add(device));
        assertThat(port.closed).isFalse();
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whoeverTakesOneHearsWhyThereIsNone() {
        var opening =
                new OpeningPorts((_, _) -> {
                    throw new NetworkException.Refused("no bridge");
                });
        opening.begin(KIND, owner(0));
        assertThatThrownBy(() -> opening.take(0))
                .isInstanceOf(NetworkException.Refused.class)
                .hasMessage("no bridge");
    }

    @Test
    void whatNobodyHasTakenIsClosed() {
        var ports = List.of(new FakePort(false), new FakePort(true));
        var opening = new OpeningPorts((_, owner) -> ports.get(owner.device()));
        opening.begin(KIND, owner(0));
        opening.begin(KIND, owner(1));
        opening.close((device, _) -> failures.add(device));
        assertThat(ports).allMatch(port -> port.closed);
        assertThat(failures).containsExactly(1);
    }
}
