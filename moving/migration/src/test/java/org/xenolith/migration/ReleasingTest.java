package org.xenolith.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

class ReleasingTest {
    @FunctionalInterface
    private interface Release {
        void run() throws IOException;
    }

    private record Machine(Release action) implements LeavingMachine.Still {
        @Override
        public boolean wasPaused() {
            return false;
        }

        @Override
        public Set<Long> ownPages() {
            return Set.of();
        }

        @Override
        public void release() throws IOException {
            action.run();
        }

        @Override
        public void saveDevices(StreamWriter out) {}
    }

    @Test
    void whoeverWaitsHearsWhyItCouldNotLetGo() {
        try (var releasing =
                Releasing.begin(
                        new Machine(() -> {
                            throw new IOException("the tap is stuck");
                        }))) {
            assertThatThrownBy(releasing::await)
                    .isInstanceOf(IOException.class)
                    .hasMessage("the tap is stuck");
        }
    }

    @Test
    void itIsOverWhenItIsClosedAlsoIfNobodyHasWaited() {
        var go = new CountDownLatch(1);
        var done = new AtomicBoolean();
        var releasing =
                Releasing.begin(
                        new Machine(() -> {
                            try {
                                go.await();
                            } catch (InterruptedException e) {
                                throw new IOException(e);
                            }
                            done.set(true);
                        }));
        assertThat(done).isFalse();
        go.countDown();
        releasing.close();
        assertThat(done).isTrue();
    }
}
