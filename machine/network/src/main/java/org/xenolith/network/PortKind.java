package org.xenolith.network;

import java.net.Inet4Address;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What the network interface of a guest is to be plugged into. Made by whoever reads a
/// configuration, opened by [Ports].
public sealed interface PortKind {
    /// The bridge of which xl.cfg need not speak (xl-network-configuration.5).
    Bridge DEFAULT = new Bridge("xenbr0", Optional.empty());

    /// A tap of the host on a bridge of the host, as Xen's `vif-bridge` makes it. Takes the right
    /// to administer the host's network.
    ///
    /// @param name of a bridge that exists, 1 to 15 bytes
    /// @param interfaceName of the tap, which must not exist; `vifDOMID.DEVID` if empty
    record Bridge(String name, Optional<String> interfaceName) implements PortKind {
        /// The kernel's `IFNAMSIZ` less the end of the string.
        public static final int NAME_BYTES_MAX = 15;

        /// What `dev_valid_name` of the kernel lets pass, in ASCII.
        private static final Pattern NAME = Pattern.compile("(?!\\.{1,2}$)[!-~&&[^/:%]]{1,15}");

        public Bridge {
            requireName(name);
            interfaceName.ifPresent(Bridge::requireName);
        }

        private static void requireName(String name) {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "\"%s\" cannot be the name of a network interface".formatted(name));
            }
        }
    }

    /// A program of its own (package `passt`), which makes connections of the host out of the
    /// guest's and needs no rights for it. It answers the guest's ARP, DHCP, DHCPv6 and router
    /// solicitations.
    ///
    /// @param forwards ports of the host at which the guest is reached, at most [#FORWARDS_MAX]
    /// @param addresses what the guest is told to use, at most one of each family; without one it
    ///   gets the addresses that the host has
    /// @param reachesHost whether connections to the guest's gateway are connections to the host's
    ///   loopback interface. What listens there may take whoever comes for a user of the host.
    record Passt(List<PortForward> forwards, List<GuestAddress> addresses, boolean reachesHost)
            implements PortKind {
        public static final int FORWARDS_MAX = 64;

        /// The guest sees the host's addresses, and nobody reaches the guest.
        public static final Passt PLAIN = new Passt(List.of(), List.of(), false);

        public Passt {
            forwards = List.copyOf(forwards);
            addresses = List.copyOf(addresses);
            if (forwards.size() > FORWARDS_MAX) {
                throw new IllegalArgumentException("more than " + FORWARDS_MAX + " forwards");
            }
            var ipv4 = addresses.stream().filter(a -> a.address() instanceof Inet4Address).count();
            if (ipv4 > 1 || addresses.size() - ipv4 > 1) {
                throw new IllegalArgumentException("two addresses of one family");
            }
        }
    }

    /// A network of this user's domains alone, in this process and in others of this host. It
    /// exists while there are ports to it.
    ///
    /// @param name 1 to 32 letters, digits, `-` and `_`
    record Network(String name) implements PortKind {
        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,32}");

        public Network {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "\"%s\" cannot be the name of a network: 1 to 32 letters, digits, - and _"
                                .formatted(name));
            }
        }
    }
}
