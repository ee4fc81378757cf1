package org.xenolith.network;

import java.net.InetAddress;
import java.util.Arrays;

/// An address that a guest is told to use, and by which gateway it reaches the world.
///
/// @param prefix bits of the address that the whole subnet has in common, 1 to 31 for IPv4, 1 to
///   127 for IPv6
/// @param gateway another address of that subnet
public record GuestAddress(InetAddress address, int prefix, InetAddress gateway) {
    public GuestAddress {
        int bits = address.getAddress().length * 8;
        if (prefix < 1 || prefix >= bits) {
            throw new IllegalArgumentException(
                    "a prefix of %d bits is outside 1..%d".formatted(prefix, bits - 1));
        }
        if (gateway.equals(address) || !isInSubnet(gateway.getAddress(), address, prefix)) {
            throw new IllegalArgumentException(
                    "gateway %s is not another address of the subnet of %s/%d"
                            .formatted(gateway.getHostAddress(), address.getHostAddress(), prefix));
        }
    }

    /// `address` as `10.0.2.15/24` or `fd00::2/64`; `gateway` as `10.0.2.2`.
    ///
    /// @throws IllegalArgumentException with the reason
    public static GuestAddress parse(String address, String gateway) {
        int slash = address.lastIndexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("\"%s\" is not ADDRESS/PREFIX".formatted(address));
        }
        return new GuestAddress(
                InetAddress.ofLiteral(address.substring(0, slash)),
                Integer.parseInt(address.substring(slash + 1)),
                InetAddress.ofLiteral(gateway));
    }

    /// The address as [#parse] reads it.
    public String text() {
        return address.getHostAddress() + "/" + prefix;
    }

    private static boolean isInSubnet(byte[] other, InetAddress address, int prefix) {
        return Arrays.equals(masked(other, prefix), masked(address.getAddress(), prefix));
    }

    private static byte[] masked(byte[] address, int prefix) {
        var masked = address.clone();
        for (int bit = prefix; bit < masked.length * 8; bit++) {
            masked[bit / 8] &= (byte) ~(0x80 >> bit % 8);
        }
        return masked;
    }
}
