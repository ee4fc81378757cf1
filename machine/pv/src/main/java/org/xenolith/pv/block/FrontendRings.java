package org.xenolith.pv.block;

import org.xenolith.pv.xenbus.FrontendNodes;
import org.xenolith.pv.xenbus.XenbusException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads what a front end has published about its rings: how many there are and how long, and for
/// each its grants and its event channel (blkif.h, "Multiple hardware queues/rings").
final class FrontendRings {
    /// Pages of a ring, as a power of two; as many as Linux' back end takes.
    static final int PAGE_ORDER_MAX = 4;

    private static final int PORT_MAX = (1 << 17) - 1;

    private final int queuesMax;
    private final FrontendNodes frontend;

    FrontendRings(int queuesMax, FrontendNodes frontend) {
        this.queuesMax = queuesMax;
        this.frontend = frontend;
    }

    List<BlockQueue.Published> read() throws XenbusException {
        int count = frontend.number("multi-queue-num-queues", queuesMax).orElse(1);
        if (count == 0) {
            throw new XenbusException("multi-queue-num-queues must not be 0");
        }
        int pages = pages();
        var rings = new ArrayList<BlockQueue.Published>();
        for (int queue = 0; queue < count; queue++) {
            // One queue is published where front ends that know of one only have it.
            rings.add(ring(count == 1 ? "" : "queue-" + queue + "/", pages));
        }
        return rings;
    }

    /// By either of the two ways to say it.
    private int pages() throws XenbusException {
        var order = frontend.number("ring-page-order", PAGE_ORDER_MAX);
        if (order.isPresent()) {
            return 1 << order.get();
        }
        int pages = frontend.number("num-ring-pages", 1 << PAGE_ORDER_MAX).orElse(1);
        if (Integer.bitCount(pages) != 1) {
            throw new XenbusException("num-ring-pages must be a power of two");
        }
        return pages;
    }

    private BlockQueue.Published ring(String directory, int pages) throws XenbusException {
        int port = frontend.requiredNumber(directory + "event-channel", PORT_MAX);
        var references = new ArrayList<Integer>();
        for (int page = 0; page < pages; page++) {
            var indexed = frontend.number(directory + "ring-ref" + page, Integer.MAX_VALUE);
            boolean single = pages == 1 && indexed.isEmpty();
            references.add(
                    single
                            ? frontend.requiredNumber(directory + "ring-ref", Integer.MAX_VALUE)
                            : required(indexed, directory + "ring-ref" + page));
        }
        return new BlockQueue.Published(port, references);
    }

    private static int required(Optional<Integer> value, String name) throws XenbusException {
        return value.orElseThrow(() -> new XenbusException(name + " is missing"));
    }
}
