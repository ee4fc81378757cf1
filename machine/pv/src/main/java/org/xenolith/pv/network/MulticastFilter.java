package org.xenolith.pv.network;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Which multicast frames a guest wants (netif.h, "feature-multicast-control"). Addresses are the
/// six bytes as a number, the first byte lowest. May be used from any thread.
final class MulticastFilter {
    /// As many as Linux' back end takes.
    static final int ADDRESSES_MAX = 64;

    private static final long BROADCAST = 0xFFFF_FFFF_FFFFL;

    private volatile Set<Long> addresses = Set.of();
    private volatile boolean requested;

    /// The address in an extra info.
    ///
    /// @param low its first two bytes
    /// @param high the others
    static long address(int low, int high) {
        return (long) high << 16 & BROADCAST | low & 0xFFFF;
    }

    /// Whether the guest wants multicast frames to be filtered at all.
    void request(boolean filter) {
        requested = filter;
    }

    /// False if there are too many already.
    synchronized boolean add(long address) {
        if (addresses.contains(address)) {
            return true;
        }
        if (addresses.size() == ADDRESSES_MAX) {
            return false;
        }
        addresses =
                Stream.concat(addresses.stream(), Stream.of(address))
                        .collect(Collectors.toUnmodifiableSet());
        return true;
    }

    /// Does nothing if there is no such address.
    synchronized void remove(long address) {
        addresses =
                addresses.stream()
                        .filter(other -> other != address)
                        .collect(Collectors.toUnmodifiableSet());
    }

    /// Forgets everything that the last front end has said.
    synchronized void clear() {
        addresses = Set.of();
        requested = false;
    }

    /// The addresses that the guest wants, in order.
    List<Long> addresses() {
        return addresses.stream().sorted().toList();
    }

    /// Instead of those that are there.
    synchronized void restore(List<Long> wanted) {
        addresses = Set.copyOf(wanted);
    }

    /// Whether a frame that begins with these bytes is for the guest.
    boolean passes(byte[] frame) {
        if (!requested || (frame[0] & 1) == 0) {
            return true;
        }
        long address = 0;
        for (int i = 5; i >= 0; i--) {
            address = address << 8 | frame[i] & 0xFF;
        }
        return address == BROADCAST || addresses.contains(address);
    }
}
