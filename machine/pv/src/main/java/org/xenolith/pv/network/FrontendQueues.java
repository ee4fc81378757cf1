package org.xenolith.pv.network;

import org.xenolith.pv.xenbus.FrontendNodes;
import org.xenolith.pv.xenbus.XenbusException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads what a front end has published about its rings (netif.h, "Multiple transmit and receive
/// queues", "Control ring").
final class FrontendQueues {
    private static final int PORT_MAX = (1 << 17) - 1;

    private final FrontendNodes frontend;

    /// A pair of rings.
    ///
    /// @param transmitPort the same as `receivePort` where the front end has one for both
    record Queue(int transmitReference, int receiveReference, int transmitPort, int receivePort) {}

    record Control(int reference, int port) {}

    FrontendQueues(FrontendNodes frontend) {
        this.frontend = frontend;
    }

    /// @param queuesMax that have been offered
    List<Queue> queues(int queuesMax) throws XenbusException {
        int count = frontend.number("multi-queue-num-queues", queuesMax).orElse(1);
        if (count == 0) {
            throw new XenbusException("multi-queue-num-queues must not be 0");
        }
        var queues = new ArrayList<Queue>();
        for (int queue = 0; queue < count; queue++) {
            // One queue is published where front ends that know of one only have it.
            queues.add(queue(count == 1 ? "" : "queue-" + queue + "/"));
        }
        return queues;
    }

    private Queue queue(String directory) throws XenbusException {
        int transmit = frontend.requiredNumber(directory + "tx-ring-ref", Integer.MAX_VALUE);
        int receive = frontend.requiredNumber(directory + "rx-ring-ref", Integer.MAX_VALUE);
        var transmitPort = frontend.number(directory + "event-channel-tx", PORT_MAX);
        var receivePort = frontend.number(directory + "event-channel-rx", PORT_MAX);
        if (transmitPort.isPresent() && receivePort.isPresent()) {
            return new Queue(transmit, receive, transmitPort.get(), receivePort.get());
        }
        int both = frontend.requiredNumber(directory + "event-channel", PORT_MAX);
        return new Queue(transmit, receive, both, both);
    }

    /// Empty if the front end has no control ring.
    Optional<Control> control() throws XenbusException {
        var reference = frontend.number("ctrl-ring-ref", Integer.MAX_VALUE);
        if (reference.isEmpty()) {
            return Optional.empty();
        }
        int port = frontend.requiredNumber("event-channel-ctrl", PORT_MAX);
        return Optional.of(new Control(reference.get(), port));
    }
}
