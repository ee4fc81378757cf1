package org.xenolith.images;

import java.util.HashMap;
import java.util.Map;

/// How often clusters are used, as counted by a check: a byte each where anything is, and numbers
/// beside it for the few that are used more often than a byte can say.
final class ReferenceCounts {
    private static final int PAGE_BITS = 12;
    private static final int MANY = 0xFF;

    private final Map<Long, byte[]> pages = new HashMap<>();
    private final Map<Long, Long> many = new HashMap<>();
    private long end;

    void add(long cluster, long times) {
        var page = pages.computeIfAbsent(cluster >> PAGE_BITS, _ -> new byte[1 << PAGE_BITS]);
        int index = (int) (cluster & (1 << PAGE_BITS) - 1);
        long sum = get(cluster) + times;
        if (sum >= MANY) {
            many.put(cluster, sum);
        }
        page[index] = (byte) Math.min(sum, MANY);
        end = Math.max(end, cluster + 1);
    }

    long get(long cluster) {
        var page = pages.get(cluster >> PAGE_BITS);
        if (page == null) {
            return 0;
        }
        int count = page[(int) (cluster & (1 << PAGE_BITS) - 1)] & 0xFF;
        return count == MANY ? many.get(cluster) : count;
    }

    /// Behind the last cluster that is used.
    long end() {
        return end;
    }

    /// The first cluster from `from` on, and before `limit`, that may be used; `limit` if none.
    long next(long from, long limit) {
        long page = from >> PAGE_BITS;
        if (pages.containsKey(page)) {
            return from;
        }
        long last = limit - 1 >> PAGE_BITS;
        while (page <= last && !pages.containsKey(page)) {
            page++;
        }
        return Math.min(limit, page << PAGE_BITS);
    }
}
