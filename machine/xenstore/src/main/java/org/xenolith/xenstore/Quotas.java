package org.xenolith.xenstore;

import static org.xenolith.state.StateException.require;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The limits of one domain. Part of the store's state.
///
/// @param limits one for each quota, in the order: nodes, watches, transactions, bytes of a node's
///   value, permission entries of a node, nodes used in a transaction; 0 means no limit
public record Quotas(List<Integer> limits) {
    static final Quotas USUAL =
            new Quotas(Arrays.stream(Quota.values()).map(Quota::usual).toList());

    static final Quotas NONE = new Quotas(Arrays.stream(Quota.values()).map(any -> 0).toList());

    public Quotas {
        require(limits.size() == Quota.values().length, "there is one limit for each quota");
        require(limits.stream().allMatch(limit -> limit >= 0), "a quota's limit is not negative");
        limits = List.copyOf(limits);
    }

    int limit(Quota quota) {
        return limits.get(quota.ordinal());
    }

    /// Whether `amount` is more than the domain may have.
    boolean exceeded(Quota quota, long amount) {
        int limit = limit(quota);
        return limit != 0 && amount > limit;
    }

    Quotas with(Quota quota, int limit) {
        var changed = new ArrayList<>(limits);
        changed.set(quota.ordinal(), limit);
        return new Quotas(changed);
    }
}
