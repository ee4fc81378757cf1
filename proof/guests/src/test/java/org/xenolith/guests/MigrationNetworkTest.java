package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.VifConfig;
import org.xenolith.migration.Migration;
import org.xenolith.migration.MigrationException;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.migration.MigrationReport;
import org.xenolith.network.NetworkException;
import org.xenolith.network.PortKind;
import org.xenolith.network.Ports;
import org.xenolith.pv.network.MacAddress;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A Debian kernel that talks to another over TCP is moved meanwhile, and none of them notices.
@Tag("slow")
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class MigrationNetworkTest {
    /// There and back.
    private static final int JOURNEYS = 3;

    @TempDir private Path directory;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private Ports ports;

    @BeforeEach
    void openPorts() {
        var missing = DebianKernel.CLOUD.missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        ports = new Ports(directory.resolve("networks"), Clock.system(), log::add);
    }

    @AfterEach
    void closePorts() {
        ports.close();
    }

    static DomainConfig config(int number) {
        var vif = VifConfig.of(new PortKind.Network("lab")).withMac(MacAddress.xen(number));
        return DebianKernel.CLOUD.config(2).memoryMib(256).vifs(List.of(vif)).build();
    }

    private Guest boot(int number) throws Exception {
        var guest = Guest.boot(config(number), CompilerChoice.ofThisRun(), ports::open);
        Conversation.setUp(guest, number);
        return guest;
    }

    @Test
    void aGuestThatGoesToAnotherProcessAndBackKeepsItsConnections() throws Exception {
        var networks = directory.resolve("networks").toString();
        var moved = boot(1);
        try (var staying = boot(2);
                var here = new MigrationHost(config(1), ports::open);
                var away = GuestProcess.start(AwayProcess.class, directory, networks)) {
            int port = Integer.parseInt(away.line());
            Conversation.begin(moved, staying);
            for (int journey = 1; journey <= JOURNEYS; journey++) {
                System.out.println(send(moved.domain(), port));
                assertThat(moved.domain().ended().get(20, TimeUnit.SECONDS)).isEmpty();
                assertTalks(staying);
                away.say(Integer.toString(here.port()));
                System.out.println(away.line());
                moved = Guest.of(here.take());
                assertTalks(staying);
            }
            Conversation.check(moved, staying);
        } finally {
            moved.close();
        }
    }

    private static MigrationReport send(Domain domain, int port) throws Exception {
        return Migration.send(
                domain, () -> MigrationHost.dial(port), MigrationOptions.DEFAULT, _ -> {});
    }

    /// Hears more from the other one, which is wherever it is.
    private static void assertTalks(Guest guest) throws InterruptedException {
        long before = Conversation.heard(guest);
        guest.run(
                "until [ $(wc -l < /tmp/received) -gt %d ]; do sleep 0.1; done".formatted(before));
    }

    @Test
    void aGuestThatCannotGoHasItsInterfaceAgain() throws Exception {
        var here = config(1);
        try (var moved = boot(1);
                var staying = boot(2);
                var host =
                        new MigrationHost(
                                here,
                                (kind, owner) -> {
                                    throw new NetworkException.Refused("there is no " + kind);
                                })) {
            Conversation.begin(moved, staying);
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> send(moved.domain(), host.port()))
                        .isInstanceOf(MigrationException.class)
                        .hasMessage("vif 0: there is no Network[name=lab]");
                assertTalks(staying);
                assertTalks(moved);
            }
            Conversation.check(moved, staying);
        }
    }
}
