package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;

import java.util.List;
import java.util.UUID;

class DomainDirectoryTest {
    private static final UUID ID = new UUID(1, 2);

    private final XenStore store = new XenStore();
    private final DomainDirectory directory = new DomainDirectory(store, new DomainId(3));

    private TestGuest created() {
        directory.create(
                new DomainDirectory.Description(
                        "debian",
                        ID,
                        262144,
                        131072,
                        List.of(true, false),
                        new DomainDirectory.Channel(0xFEFFC, 1),
                        new DomainDirectory.Channel(0xFEFFF, 2)));
        return new TestGuest(store, 3);
    }

    @Test
    void aGuestReadsWhatTheToolsHaveWritten() {
        var guest = created();
        assertThat(guest.read("name")).isEqualTo("debian");
        assertThat(guest.read("vm")).isEqualTo("/vm/" + ID);
        assertThat(guest.read("/vm/" + ID + "/name")).isEqualTo("debian");
        assertThat(guest.read("domid")).isEqualTo("3");
        assertThat(guest.directory("cpu")).isEqualTo("0,1");
        assertThat(guest.read("cpu/0/availability")).isEqualTo("online");
        assertThat(guest.read("cpu/1/availability")).isEqualTo("offline");
        assertThat(guest.read("memory/target")).isEqualTo("131072");
        assertThat(guest.read("console/ring-ref")).isEqualTo("1044479");
        assertThat(guest.read("console/port")).isEqualTo("2");
        assertThat(guest.read("console/backend")).isEqualTo("/local/domain/0/backend/console/3/0");
        assertThat(guest.read("control/platform-feature-xs_reset_watches")).isEqualTo("1");
    }

    @Test
    void aGuestWritesOnlyWhatIsItsOwn() {
        var guest = created();
        for (var path : List.of("name", "cpu/0/availability", "console/port", "new", "control/x")) {
            assertThat(guest.write(path, "x")).as(path).isEqualTo("EACCES");
        }
        for (var path : List.of("control/feature-poweroff", "data/x", "attr/y", "error/z")) {
            assertThat(guest.write(path, "x")).as(path).isEqualTo("OK");
        }
    }

    @Test
    void aRequestToShutDownIsSeenAndTakenUp() {
        var guest = created();
        guest.watch("control/shutdown", "s");
        guest.takeEvents().clear();
        directory.requestShutdown("poweroff");
        assertThat(directory.isShutdownPending()).isTrue();
        assertThat(guest.takeEvents()).containsExactly("control/shutdown s");
        assertThat(guest.read("control/shutdown")).isEqualTo("poweroff");
        assertThat(guest.write("control/shutdown", "")).isEqualTo("OK");
        assertThat(directory.isShutdownPending()).isFalse();
    }

    @Test
    void requestsOfTheToolsReachTheGuest() {
        var guest = created();
        directory.setVcpuOnline(1, true);
        directory.setMemoryTarget(65536);
        directory.pressSysrq('s');
        assertThat(guest.read("cpu/1/availability")).isEqualTo("online");
        assertThat(guest.read("memory/target")).isEqualTo("65536");
        assertThat(guest.read("control/sysrq")).isEqualTo("s");
    }

    @Test
    void nothingIsLeftOfADomainThatIsGone() {
        created().write("data/x", "1");
        store.release(new DomainId(3));
        directory.remove();
        assertThat(store.list("/local/domain")).containsExactly("0");
        assertThat(store.list("/vm")).isEmpty();
        assertThat(store.list("/local/domain/0/backend/console")).isEmpty();
    }
}
