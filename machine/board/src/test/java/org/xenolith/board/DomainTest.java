package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;
import org.xenolith.network.NetworkException;
import org.xenolith.xen.ShutdownReason;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

@Timeout(20)
class DomainTest {
    @TempDir private Path root;
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
    void whatIsSetStaysOverAReboot() throws Exception {
        try (var domain = start(ShutdownActions.DEFAULT, false)) {
            domain.balloon().setTarget(32L << 20);
            domain.rename("other");
            assertThatThrownBy(() -> domain.balloon().setTarget(1L << 40))
                    .isInstanceOf(DomainException.class);
            assertThatThrownBy(() -> domain.rename("12"))
                    .isInstanceOf(InvalidConfigException.class);
            var shutDown = domain.shutDown();
            domain.reboot();
            assertThat(shutDown.get(5, TimeUnit.SECONDS)).contains(ShutdownReason.REBOOT);
            awaitMachines(2);
            domain.pause(); // behind all that a reboot does
            assertThat(domain.balloon().info())
                    .isEqualTo(new MemoryInfo(32 << 20, 32 << 20, 128 << 20));
            assertThat(domain.config().name()).isEqualTo("other");
            assertThat(domain.shutDown()).isNotDone();
            domain.destroy();
            assertThat(domain.shutDown().get()).isEmpty();
        }
    }

    @Test
    void anUpdatedConfigurationKeepsNameAndUuid() throws Exception {
        try (var domain = start(ShutdownActions.DEFAULT, false)) {
            var uuid = domain.config().uuid();
            domain.updateConfig(
                    DomainConfig.builder("new").kernel("none").memoryMib(16).vcpus(2).build());
            assertThat(domain.config().vcpus()).isEqualTo(1);
            domain.reboot();
            awaitMachines(2);
            domain.pause();
            assertThat(domain.config().vcpus()).isEqualTo(2);
            assertThat(domain.config().name()).isEqualTo("test");
            assertThat(domain.config().uuid()).isEqualTo(uuid);
            domain.processors().setOnline(1);
            domain.panel().trigger(Trigger.NMI, 1);
            domain.panel().pressSysrq('s');
            assertThat(built.get(1).controls.asked).containsExactly("vcpus 1", "nmi 1", "sysrq s");
        }
    }

    private void awaitMachines(int count) throws InterruptedException {
        while (built.size() < count) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    @Test
    void rebootBuildsAnotherMachineInTheSameDomain() throws Exception {
        try (var domain = start(ShutdownActions.DEFAULT, false)) {
            domain.reboot();
            awaitMachines(2);
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
    void aCrashedGuestsCoreIsWrittenBeforeItsMachineGoes() throws Exception {
        var actions =
                new ShutdownActions(
                        ShutdownAction.DESTROY,
                        ShutdownAction.DESTROY,
                        ShutdownAction.COREDUMP_RESTART,
                        ShutdownAction.COREDUMP_DESTROY,
                        ShutdownAction.DESTROY);
        try (var domain = start(actions, false)) {
            built.getFirst().ended.complete(ShutdownReason.CRASH);
            awaitMachines(2);
            var core = root.resolve("dump").resolve("test");
            assertThat(core).hasContent("core");
            Files.delete(core);
            Files.createDirectory(core); // where no file can be written
            built.get(1).ended.complete(ShutdownReason.WATCHDOG);
            assertThat(domain.ended().get(5, TimeUnit.SECONDS)).contains(ShutdownReason.WATCHDOG);
            assertThat(domain.log().lines()).anyMatch(line -> line.contains("no core file: "));
        }
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
                        root.resolve("dump"),
                        _ -> {});
        return Domain.start(
                config,
                (each, _) -> {
                    var machine = new FakeMachine(each);
                    built.add(machine);
                    return machine;
                },
                surroundings,
                paused);
    }
}
