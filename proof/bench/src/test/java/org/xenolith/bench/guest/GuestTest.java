package org.xenolith.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;

class GuestTest {
    private static Guest guest(String programs) throws Exception {
        return new FakeHypervisor("fake", programs).start(Machine.ONE_VCPU);
    }

    @Test
    void lapsAreMeasuredByTheHostsClock() throws Exception {
        try (var guest = guest("/bench/bench*) " + FakeHypervisor.laps("00ff") + " ;;")) {
            assertThat(guest.boot().initNanos()).isPositive();
            assertThat(guest.boot().promptNanos()).isGreaterThanOrEqualTo(guest.boot().initNanos());
            var run = guest.run("/bench/bench sieve 1");
            assertThat(run.sum()).isEqualTo("00ff");
            assertThat(run.laps())
                    .hasSize(2)
                    .allSatisfy(lap -> {
                        assertThat(lap.nanos()).isBetween(50_000_000L, 20_000_000_000L);
                        assertThat(lap.instructions()).isEqualTo(1000);
                    });
            assertThat(run.laps().getFirst().guestNanos())
                    .isEqualTo(OptionalLong.of(FakeHypervisor.LAP_NANOS));
            assertThat(run.laps().getLast().guestNanos()).isEmpty();
        }
    }

    @Test
    void oneRunFollowsAnother() throws Exception {
        var programs = "a*) echo @begin; echo @end 1 ;; b*) echo @begin; echo @end 2 ;;";
        try (var guest = guest(programs)) {
            assertThat(guest.run("a").sum()).isEqualTo("1");
            assertThat(guest.run("b").sum()).isEqualTo("2");
            assertThat(guest.run("a").sum()).isEqualTo("1");
        }
    }

    @Test
    void aProgramsFailureIsTold() throws Exception {
        try (var guest = guest("a*) echo @begin; echo @failed fork: No memory ;;")) {
            assertThatThrownBy(() -> guest.run("a"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("fork: No memory");
        }
    }

    @Test
    void anEndedGuestIsHeardToTheLast() throws Exception {
        try (var guest = guest("a*) echo @begin; echo panic; exit 1 ;;")) {
            assertThatThrownBy(() -> guest.run("a"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("ended")
                    .hasMessageContaining("panic");
        }
    }

    @Test
    void aGuestThatNeverBootsIsRefused() {
        assertThatThrownBy(() ->
                        Guest.boot(
                                new ProcessBuilder("echo", "no kernel"),
                                new FakeHost(),
                                Clock.system()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no kernel");
    }

    @Test
    void aCommandsComplaintIsTold(@TempDir Path directory) {
        var command =
                new ProcessBuilder("sh", "-c", "echo first >&2; echo no such domain >&2")
                        .redirectError(directory.resolve("log").toFile());
        assertThatThrownBy(() -> Guest.bootSystem(command, new FakeHost(), Clock.system()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no such domain");
    }

    private record FakeHost() implements Guest.Host {
        @Override
        public long instructions() {
            return 0;
        }

        @Override
        public void end() {}
    }
}
