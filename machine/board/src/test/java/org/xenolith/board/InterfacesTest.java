package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.NetworkException;
import org.xenolith.network.PortKind;
import org.xenolith.pv.network.MacAddress;
import org.xenolith.state.stream.MappedInput;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;

/// Network interfaces of real machines whose guests have no driver for them; what Linux does with
/// them is in `proof/guests`.
@Timeout(60)
class InterfacesTest {
    @TempDir private Path root;

    private final List<NowherePort> opened = new CopyOnWriteArrayList<>();
    private final PortOpener ports =
            (kind, owner) -> {
                if (kind instanceof PortKind.Bridge(var name, _)) {
                    throw new NetworkException.Refused("there is no bridge " + name);
                }
                var port = new NowherePort(owner);
                opened.add(port);
                return port;
            };

    private static VifConfig lab() {
        return VifConfig.of(new PortKind.Network("lab"));
    }

    private DomainConfig config(TinyKernel kernel, VifConfig... vifs) throws Exception {
        return DomainConfig.builder("interfaces")
                .kernel(kernel.write(root.resolve("k")))
                .memoryMib(8)
                .vifs(List.of(vifs))
                .build();
    }

    private static TinyKernel sleeper() {
        return new TinyKernel().print("x").bytes(0xFB, 0xF4); // sti; hlt
    }

    private static List<Integer> numbers(Domain domain) {
        return domain.interfaces().list().stream().map(InterfaceInfo::devid).toList();
    }

    @Test
    void interfacesComeAndGoWhileTheDomainRuns() throws Exception {
        try (var domain = Xenolith.create(config(sleeper(), lab().withDevid(1)), ports)) {
            assertThat(numbers(domain)).containsExactly(1);
            var attached = domain.interfaces().attach(lab());
            assertThat(attached.devid()).hasValue(0);
            assertThat(attached.mac().orElseThrow().toString()).startsWith("00:16:3e:");
            assertThat(numbers(domain)).containsExactly(0, 1);
            assertThat(domain.config().vifs()).hasSize(2);
            assertThat(domain.interfaces().list().getFirst().port()).isEqualTo("nowhere");
            domain.interfaces().setLink(0, false);
            assertThat(domain.interfaces().list().getFirst().linkUp()).isFalse();
            domain.interfaces().detach(1, false); // nobody uses it
            assertThat(numbers(domain)).containsExactly(0);
            assertThat(opened.getFirst().closed).isTrue();
            assertThat(domain.config().vifs()).containsExactly(attached);
        }
        assertThat(opened).allMatch(port -> port.closed);
    }

    @Test
    void aPortIsOpenedForItsInterface() throws Exception {
        var vif =
                new VifConfig(
                        new PortKind.Network("lab"),
                        OptionalInt.of(7),
                        Optional.of(MacAddress.xen(1)),
                        Optional.empty(),
                        OptionalInt.of(9000),
                        Optional.empty(),
                        true);
        try (var domain = Xenolith.create(config(sleeper(), vif), ports)) {
            assertThat(opened.getFirst().owner)
                    .isEqualTo(new GuestInterface(domain.id(), 7, 1, OptionalInt.of(9000)));
        }
    }

    @Test
    void whatCannotBeIsRefusedAndChangesNothing() throws Exception {
        try (var domain = Xenolith.create(config(sleeper(), lab()), ports)) {
            assertThatThrownBy(() -> domain.interfaces().attach(VifConfig.of(PortKind.DEFAULT)))
                    .isInstanceOf(DomainException.class)
                    .hasMessage("vif 1: there is no bridge xenbr0");
            assertThatThrownBy(() -> domain.interfaces().attach(lab().withDevid(0)))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessage("vif: devid 0 twice");
            assertThatThrownBy(() -> domain.interfaces().detach(3, true))
                    .hasMessage("there is no vif 3");
            assertThatThrownBy(() -> domain.interfaces().setLink(3, true))
                    .hasMessage("there is no vif 3");
            assertThat(numbers(domain)).containsExactly(0);
            assertThat(domain.config().vifs()).hasSize(1);
        }
    }

    @Test
    void aDomainWhosePortCannotBeOpenedIsNotBuiltAndLetsTheOthersGo() throws Exception {
        var config = config(sleeper(), lab(), VifConfig.of(PortKind.DEFAULT));
        assertThatThrownBy(() -> Xenolith.create(config, ports))
                .isInstanceOf(DomainException.class)
                .hasMessage("vif 1: there is no bridge xenbr0");
        assertThat(opened).hasSize(1).allMatch(port -> port.closed);
    }

    @Test
    void interfacesStayOverAReboot() throws Exception {
        var kernel = new TinyKernel().print("x");
        // Waits for a byte on the serial port and reboots.
        kernel.bytes(0x66, 0xBA, 0xFD, 0x03, 0xEC).bytes(0xA8, 0x01, 0x74, 0xF7).shutDown(1);
        try (var domain = Xenolith.create(config(kernel, lab()), ports)) {
            var reader = domain.serial().reader();
            reader.awaitText("x", Duration.ofSeconds(20));
            domain.interfaces().attach(lab());
            var before = domain.config().vifs();
            domain.serial().send("!");
            reader.awaitText("x", Duration.ofSeconds(20));
            assertThat(numbers(domain)).containsExactly(0, 1);
            assertThat(domain.config().vifs()).isEqualTo(before);
        }
        assertThat(opened).hasSize(4).allMatch(port -> port.closed);
    }

    // ---------------------------------------------------------------- saved and restored

    private static MappedInput input(byte[] saved) {
        return new MappedInput(MemorySegment.ofArray(saved), 0);
    }

    @Test
    void interfacesGoOnInARestoredMachineAndOthersArePluggedIn() throws Exception {
        var config = config(sleeper(), lab(), lab().withDevid(4));
        byte[] saved;
        try (var domain = Xenolith.create(config, ports)) {
            domain.interfaces().setLink(4, false);
            saved = SaveTest.save(domain, AfterSave.DESTROY);
        }
        assertThat(opened).hasSize(2).allMatch(port -> port.closed);
        var more = config.withVifs(List.of(config.vifs().get(0), config.vifs().get(1), lab()));
        try (var domain = Xenolith.restore(more, input(saved), ports)) {
            assertThat(numbers(domain)).containsExactly(0, 1, 4);
            assertThat(domain.interfaces().list())
                    .extracting(InterfaceInfo::linkUp)
                    .containsExactly(true, true, false);
            assertThat(opened).hasSize(5);
            domain.interfaces().detach(4, false);
            assertThat(numbers(domain)).containsExactly(0, 1);
        }
        assertThat(opened).allMatch(port -> port.closed);
    }

    @Test
    void aGuestKeepsTheInterfacesThatItKnows() throws Exception {
        var config = config(sleeper(), lab(), lab());
        byte[] saved;
        try (var domain = Xenolith.create(config, ports)) {
            saved = SaveTest.save(domain, AfterSave.DESTROY);
        }
        assertThatThrownBy(() ->
                        Xenolith.restore(config.withVifs(List.of(lab())), input(saved), ports))
                .isInstanceOf(DomainException.class)
                .hasMessage("the guest has network interfaces that the configuration lacks: 1");
        var other = config.vifs().get(1).withMac(MacAddress.xen(9));
        assertThatThrownBy(() ->
                        Xenolith.restore(
                                config.withVifs(List.of(config.vifs().getFirst(), other)),
                                input(saved),
                                ports))
                .isInstanceOf(DomainException.class)
                .hasMessageStartingWith("vif 1 cannot go on: the guest knows it as mac=00:16:3e:")
                .hasMessageEndingWith(", not 00:16:3e:00:00:09");
        assertThat(opened).allMatch(port -> port.closed);
        Xenolith.restore(config, input(saved), ports).close();
    }

    @Test
    void addressesFollowFromNames() {
        var vif = lab().withDevid(0);
        var address = vif.withStableMac("host", "web").mac();
        assertThat(vif.withStableMac("host", "web").mac()).isEqualTo(address);
        assertThat(vif.withStableMac("other", "web").mac()).isNotEqualTo(address);
        assertThat(vif.withStableMac("host", "db").mac()).isNotEqualTo(address);
        assertThat(vif.withDevid(1).withStableMac("host", "web").mac()).isNotEqualTo(address);
        var own = vif.withMac(MacAddress.xen(5));
        assertThat(own.withStableMac("host", "web")).isEqualTo(own);
    }
}
