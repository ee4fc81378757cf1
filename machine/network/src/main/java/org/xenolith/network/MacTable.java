package org.xenolith.network;

import org.xenolith.base.Clock;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Behind which member of a network an Ethernet address was last seen. An address is forgotten
/// [#AGE_NANOS_MAX] after it was last used by a sender. A member that uses more than its share of
/// addresses is not learned any further, so it cannot drive others out. May be used from any
/// thread.
final class MacTable<M> {
    /// As Linux' bridges and IEEE 802.1Q's default.
    static final long AGE_NANOS_MAX = 300_000_000_000L;

    static final int ADDRESSES_MAX = 8192;

    /// How often a full table is looked through, and the age of an address is written, at most.
    private static final long SWEEP_NANOS = 1_000_000_000L;

    private final Clock clock;
    private final Map<Long, Entry<M>> entries = new ConcurrentHashMap<>();
    private final Map<M, Integer> shares = new ConcurrentHashMap<>();
    private volatile long sweptNanos;

    private record Entry<M>(M member, long seenNanos) {}

    MacTable(Clock clock) {
        this.clock = clock;
        this.sweptNanos = clock.nanos() - SWEEP_NANOS;
    }

    /// A frame from `address` has come from `member`, whose share is `max` addresses.
    void learn(long address, M member, int max) {
        long now = clock.nanos();
        var known = entries.get(address);
        if (known != null && known.member == member) {
            if (now - known.seenNanos > SWEEP_NANOS) {
                entries.replace(address, known, new Entry<>(member, now));
            }
            return;
        }
        enter(address, member, max, now);
    }

    private synchronized void enter(long address, M member, int max, long now) {
        if (isFull(member, max)) {
            sweep(now);
        }
        if (isFull(member, max)) {
            return;
        }
        var before = entries.put(address, new Entry<>(member, now));
        if (before != null) {
            count(before.member, -1);
        }
        count(member, 1);
    }

    private boolean isFull(M member, int max) {
        return entries.size() >= ADDRESSES_MAX || shares.getOrDefault(member, 0) >= max;
    }

    private void count(M member, int change) {
        shares.merge(member, change, (a, b) -> a + b == 0 ? null : a + b);
    }

    private void sweep(long now) {
        if (now - sweptNanos < SWEEP_NANOS) {
            return;
        }
        sweptNanos = now;
        entries.forEach((address, entry) -> {
            if (now - entry.seenNanos > AGE_NANOS_MAX && entries.remove(address, entry)) {
                count(entry.member, -1);
            }
        });
    }

    /// Where the address is, if that is known.
    Optional<M> find(long address) {
        var entry = entries.get(address);
        return entry == null || clock.nanos() - entry.seenNanos > AGE_NANOS_MAX
                ? Optional.empty()
                : Optional.of(entry.member);
    }

    /// Nothing is behind `member` any more.
    synchronized void forget(M member) {
        entries.values().removeIf(entry -> entry.member == member);
        shares.remove(member);
    }
}
