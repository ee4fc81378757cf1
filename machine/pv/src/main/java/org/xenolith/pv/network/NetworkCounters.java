package org.xenolith.pv.network;

import java.util.concurrent.atomic.LongAdder;

/// Counts for [NetworkStatistics]. May be used from any thread.
final class NetworkCounters {
    private final LongAdder transmittedFrames = new LongAdder();
    private final LongAdder transmittedBytes = new LongAdder();
    private final LongAdder transmitErrors = new LongAdder();
    private final LongAdder transmitDropped = new LongAdder();
    private final LongAdder receivedFrames = new LongAdder();
    private final LongAdder receivedBytes = new LongAdder();
    private final LongAdder receiveDropped = new LongAdder();

    void transmitted(int bytes) {
        transmittedFrames.increment();
        transmittedBytes.add(bytes);
    }

    void transmitError() {
        transmitErrors.increment();
    }

    void transmitDropped() {
        transmitDropped.increment();
    }

    void received(int bytes) {
        receivedFrames.increment();
        receivedBytes.add(bytes);
    }

    void receiveDropped() {
        receiveDropped.increment();
    }

    NetworkStatistics statistics() {
        return new NetworkStatistics(
                transmittedFrames.sum(),
                transmittedBytes.sum(),
                transmitErrors.sum(),
                transmitDropped.sum(),
                receivedFrames.sum(),
                receivedBytes.sum(),
                receiveDropped.sum());
    }
}
