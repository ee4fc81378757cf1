package org.xenolith.board;

import static org.xenolith.board.InvalidConfigException.require;

import org.xenolith.base.Bug;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.PortKind;
import org.xenolith.pv.network.MacAddress;
import org.xenolith.pv.network.RateLimit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.OptionalInt;

/// A network interface of a domain: an entry of `vif` in xl.cfg, typed and checked.
///
/// @param kind what it is plugged into
/// @param devid its number; the lowest that is free if empty
/// @param mac one that follows from the domain's name and the number if empty
/// @param rate how much the guest may transmit
/// @param mtu 68 to 65,535; what the port has if empty
/// @param ip addresses for xenstore, where scripts look for them; nothing here heeds them
/// @param trusted whether the guest need not hide the rest of its pages from us
public record VifConfig(
        PortKind kind,
        OptionalInt devid,
        Optional<MacAddress> mac,
        Optional<RateLimit> rate,
        OptionalInt mtu,
        Optional<String> ip,
        boolean trusted) {
    /// Above what a domain may have, since numbers need not follow each other.
    public static final int DEVID_MAX = 1023;

    private static final int IP_CHARACTERS_MAX = 512;

    public VifConfig {
        devid.ifPresent(number ->
                require(
                        number >= 0 && number <= DEVID_MAX,
                        "vif: devid must be from 0 to %d, not %d".formatted(DEVID_MAX, number)));
        mtu.ifPresent(bytes ->
                require(
                        bytes >= GuestInterface.MTU_MIN && bytes <= GuestInterface.MTU_MAX,
                        "vif: mtu must be from %d to %d, not %d"
                                .formatted(GuestInterface.MTU_MIN, GuestInterface.MTU_MAX, bytes)));
        ip.ifPresent(text ->
                require(
                        text.length() <= IP_CHARACTERS_MAX
                                && text.chars().allMatch(c -> c >= ' ' && c < 0x7F),
                        "vif: ip must be printable ASCII"));
    }

    /// An interface with nothing said but what it is plugged into.
    public static VifConfig of(PortKind kind) {
        return new VifConfig(
                kind,
                OptionalInt.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                Optional.empty(),
                true);
    }

    /// The same interface, plugged into something else.
    public VifConfig with(PortKind other) {
        return new VifConfig(other, devid, mac, rate, mtu, ip, trusted);
    }

    public VifConfig withMac(MacAddress address) {
        return new VifConfig(kind, devid, Optional.of(address), rate, mtu, ip, trusted);
    }

    public VifConfig withDevid(int number) {
        return new VifConfig(kind, OptionalInt.of(number), mac, rate, mtu, ip, trusted);
    }

    /// With an address if it has none, which is the same for the same names: a guest remembers its
    /// interfaces by their addresses.
    ///
    /// @param host what names this host, so that domains of one name on two of them differ
    VifConfig withStableMac(String host, String domain) {
        if (mac.isPresent()) {
            return this;
        }
        var names = "%s\n%s\n%d".formatted(host, domain, devid.orElseThrow());
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            var bytes = digest.digest(names.getBytes(StandardCharsets.UTF_8));
            return withMac(MacAddress.xen(ByteBuffer.wrap(bytes).getInt()));
        } catch (NoSuchAlgorithmException e) {
            throw new Bug("every JVM has SHA-256", e);
        }
    }
}
