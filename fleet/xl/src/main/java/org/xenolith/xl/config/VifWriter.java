package org.xenolith.xl.config;

import org.xenolith.board.VifConfig;
import org.xenolith.network.GuestAddress;
import org.xenolith.network.PortForward;
import org.xenolith.network.PortKind;
import org.xenolith.pv.network.RateLimit;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A network interface as an entry of `vif`, from which [VifParser] reads the same.
final class VifWriter {
    private static final BigInteger MICROS_IN_SECOND =
            BigInteger.valueOf(VifParser.MICROS_IN_SECOND);

    private final List<String> words = new ArrayList<>();

    private VifWriter() {}

    static String specification(VifConfig vif) {
        var writer = new VifWriter();
        writer.all(vif);
        return String.join(",", writer.words);
    }

    private void all(VifConfig vif) {
        switch (vif.kind()) {
            case PortKind.Bridge(var name, var interfaceName) -> {
                add("bridge", name);
                interfaceName.ifPresent(tap -> add("vifname", tap));
                vif.ip().ifPresent(ip -> add("ip", ip));
            }
            case PortKind.Network(var name) -> {
                add("network", name);
                vif.ip().ifPresent(ip -> add("ip", ip));
            }
            case PortKind.Passt passt -> passt(passt, vif);
        }
        vif.devid().ifPresent(number -> add("devid", number));
        vif.mac().ifPresent(address -> add("mac", address));
        vif.rate().ifPresent(rate -> add("rate", text(rate)));
        vif.mtu().ifPresent(bytes -> add("mtu", bytes));
        if (!vif.trusted()) {
            words.add("untrusted");
        }
    }

    private void add(String key, Object value) {
        words.add(key + "=" + value);
    }

    private void passt(PortKind.Passt passt, VifConfig vif) {
        words.add("passt");
        passt.forwards().stream().map(PortForward::text).forEach(text -> add("forward", text));
        if (!passt.addresses().isEmpty()) {
            add("ip", vif.ip().orElseGet(() -> all(passt, GuestAddress::text)));
            add("gateway", all(passt, address -> address.gateway().getHostAddress()));
        }
        if (passt.reachesHost()) {
            words.add("reaches-host");
        }
    }

    private static String all(PortKind.Passt passt, Function<GuestAddress, String> text) {
        return passt.addresses().stream().map(text).collect(Collectors.joining(" "));
    }

    /// What `rate` may be counted in, as bytes; each is a multiple of those before.
    private enum Unit {
        BYTE("B", 1),
        KILOBIT("Kb", 125),
        KILOBYTE("KB", 1_000),
        MEGABIT("Mb", 125_000),
        MEGABYTE("MB", 1_000_000),
        GIGABIT("Gb", 125_000_000),
        GIGABYTE("GB", 1_000_000_000);

        private final String spelling;
        private final long bytes;

        Unit(String spelling, long bytes) {
            this.spelling = spelling;
            this.bytes = bytes;
        }
    }

    /// The least rate that makes such a share, in the finest unit that has room for it: so it is
    /// exact for all shares that a specification can make.
    private static String text(RateLimit rate) {
        var micros = BigInteger.valueOf(rate.intervalMicros());
        var inSecond = ceiling(BigInteger.valueOf(rate.bytes()).multiply(MICROS_IN_SECOND), micros);
        for (var unit : Unit.values()) {
            var count = ceiling(inSecond, BigInteger.valueOf(unit.bytes));
            if (count.compareTo(BigInteger.valueOf(VifParser.RATE_MAX)) <= 0) {
                return "%d%s/s@%dus".formatted(count, unit.spelling, micros);
            }
        }
        throw new IllegalArgumentException("no specification makes " + rate);
    }

    private static BigInteger ceiling(BigInteger dividend, BigInteger divisor) {
        return dividend.add(divisor).subtract(BigInteger.ONE).divide(divisor);
    }
}
