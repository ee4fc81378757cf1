package org.xenolith.xl.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.board.InvalidConfigException;
import org.xenolith.board.VifConfig;
import org.xenolith.network.GuestAddress;
import org.xenolith.network.PortForward;
import org.xenolith.network.PortKind;
import org.xenolith.pv.network.MacAddress;
import org.xenolith.pv.network.RateLimit;
import org.xenolith.testkit.Fuzz;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/// The syntax of xl-network-configuration(5), and ours.
class VifParserTest {
    @Test
    void anEmptyOneIsOnTheDefaultBridge() {
        var plain = VifConfig.of(new PortKind.Bridge("xenbr0", Optional.empty()));
        for (var text : List.of("", " ", "type=vif", "script=vif-bridge,backend=Domain-0")) {
            assertThat(VifParser.parse(text)).as(text).isEqualTo(plain);
        }
    }

    @Test
    void everySettingOfXensIsRead() {
        assertThat(
                        VifParser.parse(
                                "mac=00:16:3E:74:3d:76, bridge=br1,type=vif,rate=10Mb/s@20ms,"
                                        + "ip=10.0.0.2 10.0.0.3,vifname=web0,"
                                        + "script=/etc/xen/scripts/vif-bridge,model=e1000,mtu=9000,"
                                        + "devid=3,untrusted"))
                .isEqualTo(
                        new VifConfig(
                                new PortKind.Bridge("br1", Optional.of("web0")),
                                OptionalInt.of(3),
                                MacAddress.parse("00:16:3e:74:3d:76"),
                                Optional.of(new RateLimit(25_000, 20_000)),
                                OptionalInt.of(9000),
                                Optional.of("10.0.0.2 10.0.0.3"),
                                false));
    }

    @Test
    void networksAndPasstAreOurs() {
        assertThat(VifParser.parse("network=lab").kind()).isEqualTo(new PortKind.Network("lab"));
        assertThat(VifParser.parse("passt").kind()).isEqualTo(PortKind.Passt.PLAIN);
        assertThat(
                        VifParser.parse(
                                        "passt,forward=tcp:2222:22,forward=udp:53,reaches-host,"
                                                + "ip=10.0.2.15/24 fd00::2/64,"
                                                + "gateway=10.0.2.2 fd00::1")
                                .kind())
                .isEqualTo(
                        new PortKind.Passt(
                                List.of(
                                        PortForward.parse("tcp:2222:22"),
                                        PortForward.parse("udp:53")),
                                List.of(
                                        GuestAddress.parse("10.0.2.15/24", "10.0.2.2"),
                                        GuestAddress.parse("fd00::2/64", "fd00::1")),
                                true));
    }

    private static void rate(String text, long bytes, long micros) {
        assertThat(VifParser.parse("rate=" + text).rate())
                .as(text)
                .contains(new RateLimit(bytes, micros));
    }

    /// xl-network-configuration(5): the default interval is 50 ms.
    @Test
    void ratesAreDecimalAndForAnInterval() {
        rate("10Mb/s", 62_500, 50_000);
        rate("250KB/s", 12_500, 50_000);
        rate("1MB/s@20ms", 20_000, 20_000);
        rate("1GB/s@1s", 1_000_000_000, 1_000_000);
        rate("1GB/s@1", 1_000_000_000, 1_000_000);
        rate("16Kb/s@500us", 1, 500);
    }

    private static void refused(String specification, String reason) {
        assertThatThrownBy(() -> VifParser.parse(specification))
                .as(specification)
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("vif: %s in \"%s\"".formatted(reason, specification));
    }

    @Test
    void whatCannotBeIsRefusedWithTheReason() {
        refused("colour=red", "unrecognized argument \"colour\"");
        refused("fast", "unrecognized argument \"fast\"");
        refused("type=ioemu", "emulated network cards are not supported");
        refused("type=tap", "unknown type \"tap\"");
        refused("backend=driver", "driver domains are not supported");
        refused("script=vif-route", "scripts but vif-bridge are not supported");
        refused("gatewaydev=eth0", "gatewaydev is not supported");
        refused("mac=01:00:00:00:00:00", "\"01:00:00:00:00:00\" is not the address of a card");
        refused("mac=x", "\"x\" is not the address of a card");
        refused("mtu=big", "mtu must be a number, not \"big\"");
        refused("rate=10", "invalid rate \"10\"");
        refused("rate=0Mb/s", "rate overflow: \"0Mb/s\"");
        refused("rate=9999999999GB/s", "rate overflow: \"9999999999GB/s\"");
        refused("bridge=a,network=b", "bridge, network and passt exclude each other");
        refused("network=lab,passt", "bridge, network and passt exclude each other");
        refused("network=lab,vifname=x", "vifname is for bridges");
        refused("forward=tcp:1:1", "forward, gateway and reaches-host are for passt");
        refused("passt,ip=10.0.0.2/24", "passt needs a gateway for each ip");
        assertThatThrownBy(() -> VifParser.parse("passt,forward=x")).hasMessageContaining("\"x\"");
        assertThatThrownBy(() -> VifParser.parse("bridge=a/b")).hasMessageContaining("\"a/b\"");
        assertThatThrownBy(() -> VifParser.parse("mtu=67"))
                .hasMessage("vif: mtu must be from 68 to 65535, not 67");
        assertThatThrownBy(() -> VifParser.parse("devid=1024"))
                .hasMessage("vif: devid must be from 0 to 1023, not 1024");
    }

    @Test
    @Tag("fuzz")
    void anyTextIsAnInterfaceOrRefused() {
        var words =
                List.of(
                        "mac=",
                        "00:16:3e:1:2:3",
                        "bridge=",
                        "br0",
                        "rate=",
                        "10Mb/s",
                        "@20ms",
                        "passt",
                        "forward=",
                        "tcp:22",
                        "udp:1-9:2-10",
                        "network=",
                        "lab",
                        "ip=",
                        "10.0.0.2/24",
                        "gateway=",
                        "10.0.0.1",
                        "fd00::1/64",
                        "mtu=",
                        "devid=",
                        "99999999999",
                        "type=",
                        "vif",
                        "",
                        "\0",
                        "=",
                        ",",
                        " ",
                        "vifname=",
                        "reaches-host");
        var fuzz = new Fuzz(34, 3000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var text = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(words.get(random.nextInt(words.size())));
                text.append(random.nextInt(3) == 0 ? "," : "");
            }
            try {
                assertThat(VifParser.parse(text.toString())).isNotNull();
            } catch (InvalidConfigException e) {
                assertThat(e.getMessage()).as(fuzz.toString()).startsWith("vif: ");
            }
        }
    }
}
