package org.xenolith.network;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Two ports plugged into each other: what one takes from its world is offered to the other's.
final class CountingCable {
    private final AtomicInteger longestFrame = new AtomicInteger();
    private final AtomicLong partialChecksums = new AtomicLong();

    private CountingCable() {}

    static CountingCable between(Port one, Port other) {
        var cable = new CountingCable();
        one.open(cable.counting(other.world()));
        other.open(cable.counting(one.world()));
        return cable;
    }

    private FrameSink counting(FrameSink sink) {
        return new FrameSink() {
            @Override
            public boolean offer(int queue, Frame frame) {
                longestFrame.accumulateAndGet(frame.length(), Math::max);
                if (frame.checksum() instanceof Frame.Checksum.Partial) {
                    partialChecksums.incrementAndGet();
                }
                return sink.offer(queue, frame);
            }

            @Override
            public void onRoom(int queue, Runnable retry) {
                sink.onRoom(queue, retry);
            }
        };
    }

    /// Bytes.
    int longestFrame() {
        return longestFrame.get();
    }

    /// Frames.
    long partialChecksums() {
        return partialChecksums.get();
    }
}
