package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.pv.network.NetworkStatistics;

/// What a guest has sent by its first interface since a moment, to judge whether long segments
/// leave it whole. Only the guest's own server makes them for certain, since it leaves a whole file
/// to its kernel: what a program writes piece by piece leaves in short ones where the other end is
/// fast, and acknowledgements of what a guest receives are short.
final class SentFrames {
    /// Of an Ethernet frame that holds no more than an interface's MTU of 1,500.
    private static final long FRAME_BYTES_MAX = 1514;

    private final Guest guest;
    private final NetworkStatistics before;

    private SentFrames(Guest guest, NetworkStatistics before) {
        this.guest = guest;
        this.before = before;
    }

    static SentFrames from(Guest guest) {
        return new SentFrames(guest, statistics(guest));
    }

    private static NetworkStatistics statistics(Guest guest) {
        return guest.domain().interfaces().list().getFirst().statistics();
    }

    void assertLong() {
        var now = statistics(guest);
        long bytes = now.transmittedBytes() - before.transmittedBytes();
        assertThat(bytes / (now.transmittedFrames() - before.transmittedFrames()))
                .isGreaterThan(FRAME_BYTES_MAX);
        assertThat(now.transmitErrors()).isZero();
    }
}
