package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;
import org.xenolith.network.NetworkException;
import org.xenolith.xen.ShutdownReason;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

@Timeout(20)
class DomainTest {
    private final List<FakeMachine> built = new CopyOnWriteArrayList<>();

    @Test
    void aPausedDomainRunsOnlyAfterUnpause() throws Exception {
        try (var domain = start(ShutdownActions.DEFAULT, true)) {
            assertThat(domain.state()).isEqualTo(DomainState.PAUSED);
            assertThat(built.getFirst().running).isFalse();
            domain.unpause();
            assertThat(domain.state()).isEqualTo(DomainState.RUNNING);
            domain.pause();
            assertThat(domain.state()).isEqualTo(DomainState.PAUSED);
        }
    }

    @Test
    void poweroffEndsADomainWithItsReason() throws Exception {
        try (var domain = start(ShutdownActions.DEFAULT, false)) {
            domain.shutdown();
            assertThat(domain.ended().get(5, TimeUnit.SECONDS)).contains(ShutdownReason.POWEROFF);
            assertThat(built.getFirst().closed).isTrue();
            assertThat(domain.state()).isEqualTo(DomainState.DYING);
        }
    }

    @Test
    void rebootBuildsAnotherMachineInTheSameDomain() throws Exception {
        try (var domain = start(ShutdownActions.DEFAULT, false)) {
            domain.reboot();
            while (built.size() < 2) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            domain.pause();
            assertThat(built.getFirst().closed).isTrue();
            assertThat(built.get(1).closed).isFalse();
            assertThat(domain.ended()).isNotDone();
        }
    }

    @Test
    void aPreservedCrashIsShownUntilDestroyed() throws Exception {
        var actions =
                new ShutdownActions(
                        ShutdownAction.DESTROY,
                        ShutdownAction.DESTROY,
                        ShutdownAction.PRESERVE,
                        ShutdownAction.DESTROY,
                        ShutdownAction.DESTROY);
        var domain = start(actions, false);
        built.getFirst().ended.complete(ShutdownReason.CRASH);
        domain.pause();
        assertThat(domain.state()).isEqualTo(DomainState.CRASHED);
        assertThat(domain.state().letters()).isEqualTo("---sc-");
        domain.destroy();
        assertThat(domain.ended().get()).isEqualTo(Optional.empty());
    }

    @Test
    void destroyEndsADomainThatDoesNotListen() throws Exception {
        var domain = start(ShutdownActions.DEFAULT, false);
        built.getFirst().obedient = false;
        domain.shutdown();
        assertThat(domain.ended()).isNotDone();
        domain.destroy();
        domain.destroy();
        for (int i = 0; i < 2 * Domain.REQUESTS_MAX; i++) {
            domain.pause();
        }
        assertThat(domain.ended().get()).isEmpty();
    }

    @Test
    void aBrokenInvariantOfOursCountsAsACrash() throws Exception {
        var domain = start(ShutdownActions.DEFAULT, false);
        built.getFirst().ended.completeExceptionally(new IllegalStateException("oops"));
        assertThat(domain.ended().get(5, TimeUnit.SECONDS)).contains(ShutdownReason.CRASH);
        assertThat(domain.log().lines()).anyMatch(line -> line.contains("oops"));
    }

    private Domain start(ShutdownActions actions, boolean paused) throws DomainException {
        var config = DomainConfig.builder("test").kernel(Path.of("none")).actions(actions).build();
        var surroundings =
                new MachineBuilder.Surroundings(
                        new DomainId(1),
                        new Console(),
                        new Console(),
                        new DomainLog(new DomainId(1), _ -> {}),
                        Clock.system(),
                        Entropy.seeded(1),
                        Optional.empty(),
                        (kind, _) -> {
                            throw new NetworkException.Refused("no port for " + kind);
                        },
                        _ -> {});
        return Domain.start(
                config,
                (_, _) -> {
                    var machine = new FakeMachine();
                    built.add(machine);
                    return machine;
                },
                surroundings,
                paused);
    }
}
