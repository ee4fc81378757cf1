package org.xenolith.xl.config;

import org.xenolith.board.InvalidConfigException;
import org.xenolith.board.VifConfig;
import org.xenolith.network.GuestAddress;
import org.xenolith.network.PortForward;
import org.xenolith.network.PortKind;
import org.xenolith.pv.network.MacAddress;
import org.xenolith.pv.network.RateLimit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/// Network interface specifications of xl.cfg (docs/man/xl-network-configuration.5.pod in the Xen
/// tree): settings separated by commas. Ours are `network`, `passt`, `forward`, `gateway` and
/// `reaches-host`.
public final class VifParser {
    private static final Set<String> CONTROL_DOMAINS = Set.of("0", "Domain-0", "");

    /// Settings without meaning here, since there are no emulated cards.
    private static final Set<String> IDLE = Set.of("model", "accel");

    private static final Pattern SCRIPT = Pattern.compile("(?:.*/)?vif-bridge");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    /// As tools/libs/util/libxlu_vif.c has it.
    private static final Pattern RATE =
            Pattern.compile("([0-9]{1,10})([GMK]?)([Bb])/s(?:@([0-9]{1,10})([mu]?)s?)?");

    /// Units of a rate.
    static final long RATE_MAX = 0xFFFF_FFFFL;

    static final long MICROS_IN_SECOND = 1_000_000;
    private static final long INTERVAL_MICROS_DEFAULT = 50_000;

    private final String specification;
    private final Map<String, String> said = new HashMap<>();
    private final List<PortForward> forwards = new ArrayList<>();

    private VifParser(String specification) {
        this.specification = specification;
    }

    /// The interface that `specification` means. Refusals are one line that names the reason and
    /// the specification.
    ///
    /// @throws InvalidConfigException if it means none, or one that is not supported
    public static VifConfig parse(String specification) {
        var parser = new VifParser(specification);
        for (var word : specification.split(",")) {
            if (!word.isBlank()) {
                parser.word(word.strip());
            }
        }
        return parser.vif();
    }

    private InvalidConfigException wrong(String reason) {
        return new InvalidConfigException("vif: %s in \"%s\"".formatted(reason, specification));
    }

    private void word(String word) {
        int equals = word.indexOf('=');
        if (equals < 0) {
            flag(word);
        } else {
            setting(word.substring(0, equals).strip(), word.substring(equals + 1).strip());
        }
    }

    private void flag(String word) {
        switch (word) {
            case "trusted", "untrusted" -> said.put("trusted", word);
            case "passt", "reaches-host" -> said.put(word, "");
            default -> throw wrong("unrecognized argument \"%s\"".formatted(word));
        }
    }

    private void setting(String key, String value) {
        switch (key) {
            case "mac", "bridge", "ip", "vifname", "rate", "mtu", "devid", "network", "gateway" ->
                    said.put(key, value);
            case "forward" -> forwards.add(checked(() -> PortForward.parse(value)));
            case "type" -> {
                if (!value.equals("vif")) {
                    throw wrong(
                            value.equals("ioemu")
                                    ? "emulated network cards are not supported"
                                    : "unknown type \"%s\"".formatted(value));
                }
            }
            case "backend" -> {
                if (!CONTROL_DOMAINS.contains(value)) {
                    throw wrong("driver domains are not supported");
                }
            }
            case "script" -> {
                if (!SCRIPT.matcher(value).matches()) {
                    throw wrong("scripts but vif-bridge are not supported");
                }
            }
            case "gatewaydev", "netdev", "vlan" -> throw wrong(key + " is not supported");
            default -> {
                if (!IDLE.contains(key)) {
                    throw wrong("unrecognized argument \"%s\"".formatted(key));
                }
            }
        }
    }

    // ---------------------------------------------------------------- meaning

    private VifConfig vif() {
        return new VifConfig(
                checked(this::kind),
                number("devid"),
                mac(),
                value("rate").map(this::rate),
                number("mtu"),
                value("ip"),
                !said.getOrDefault("trusted", "").equals("untrusted"));
    }

    private Optional<String> value(String key) {
        return Optional.ofNullable(said.get(key)).filter(value -> !value.isEmpty());
    }

    /// Something that says by itself what is wrong with it.
    private <T> T checked(java.util.function.Supplier<T> making) {
        try {
            return making.get();
        } catch (InvalidConfigException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
    }

    private PortKind kind() {
        boolean passt = said.containsKey("passt");
        var network = value("network");
        var bridge = value("bridge");
        long kinds = (passt ? 1 : 0) + network.stream().count() + bridge.stream().count();
        if (kinds > 1) {
            throw wrong("bridge, network and passt exclude each other");
        }
        if (!passt) {
            boolean other =
                    !forwards.isEmpty()
                            || said.containsKey("gateway")
                            || said.containsKey("reaches-host");
            if (other) {
                throw wrong("forward, gateway and reaches-host are for passt");
            }
        }
        if (!(passt || network.isPresent())) {
            return new PortKind.Bridge(bridge.orElse(PortKind.DEFAULT.name()), value("vifname"));
        }
        if (value("vifname").isPresent()) {
            throw wrong("vifname is for bridges");
        }
        return passt
                ? new PortKind.Passt(forwards, addresses(), said.containsKey("reaches-host"))
                : new PortKind.Network(network.get());
    }

    /// What passt tells the guest: an address with its prefix for each gateway.
    private List<GuestAddress> addresses() {
        var ips = words("ip");
        var gateways = words("gateway");
        if (ips.size() != gateways.size()) {
            throw wrong("passt needs a gateway for each ip");
        }
        var addresses = new ArrayList<GuestAddress>();
        for (int i = 0; i < ips.size(); i++) {
            addresses.add(GuestAddress.parse(ips.get(i), gateways.get(i)));
        }
        return addresses;
    }

    private List<String> words(String key) {
        return value(key).map(text -> List.of(text.split(" +"))).orElse(List.of());
    }

    private Optional<MacAddress> mac() {
        return value("mac")
                .map(text ->
                        MacAddress.parse(text)
                                .orElseThrow(() ->
                                        wrong(
                                                "\"%s\" is not the address of a card"
                                                        .formatted(text))));
    }

    private OptionalInt number(String key) {
        var text = value(key);
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!NUMBER.matcher(text.get()).matches()) {
            throw wrong("%s must be a number, not \"%s\"".formatted(key, text.get()));
        }
        return OptionalInt.of(Integer.parseInt(text.get()));
    }

    /// `10Mb/s`, `1MB/s@20ms`: decimal multiples of bits or bytes, and how often the guest gets its
    /// share.
    private RateLimit rate(String text) {
        var matcher = RATE.matcher(text);
        if (!matcher.matches()) {
            throw wrong("invalid rate \"%s\"".formatted(text));
        }
        long count = Long.parseLong(matcher.group(1));
        if (count == 0 || count > RATE_MAX) {
            throw wrong("rate overflow: \"%s\"".formatted(text));
        }
        long factor =
                switch (matcher.group(2)) {
                    case "G" -> 1_000_000_000;
                    case "M" -> 1_000_000;
                    case "K" -> 1_000;
                    default -> 1;
                };
        long bytes = matcher.group(3).equals("b") ? count * factor / 8 : count * factor;
        long micros =
                matcher.group(4) == null
                        ? INTERVAL_MICROS_DEFAULT
                        : micros(Long.parseLong(matcher.group(4)), matcher.group(5));
        // In two steps, for the product of both is more than a long holds.
        long share =
                bytes / MICROS_IN_SECOND * micros
                        + bytes % MICROS_IN_SECOND * micros / MICROS_IN_SECOND;
        return checked(() -> new RateLimit(share, micros));
    }

    private static long micros(long count, String unit) {
        return switch (unit) {
            case "u" -> count;
            case "m" -> count * 1_000;
            default -> count * MICROS_IN_SECOND;
        };
    }
}
