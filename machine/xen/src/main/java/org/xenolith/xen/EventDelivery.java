package org.xenolith.xen;

/// How events reach the guest's memory: the 2-level bitmaps or the FIFO queues. Guarded by the
/// domain's lock.
sealed interface EventDelivery permits TwoLevelEvents, FifoEvents {
    /// Ports that the guest's structures can hold.
    int portsMax();

    /// An event has come for `port`.
    void setPending(EventPort port);

    void clearPending(EventPort port);

    void unmask(EventPort port);

    boolean isPending(EventPort port);

    /// Whether a free port must rest, since the guest still has it on a queue.
    boolean isBusy(EventPort port);
}
