package org.xenolith.pv.network;

/// How much a guest may transmit: so many bytes in so much time, as xl.cfg's `rate` and the node of
/// that name have it.
///
/// @param bytes 1 or more
/// @param intervalMicros 1 or more
public record RateLimit(long bytes, long intervalMicros) {
    public RateLimit {
        if (bytes < 1 || intervalMicros < 1 || intervalMicros > 0xFFFF_FFFFL) {
            throw new IllegalArgumentException(
                    "a rate of %d bytes in %d us".formatted(bytes, intervalMicros));
        }
    }

    /// The value of the node.
    String text() {
        return bytes + "," + intervalMicros;
    }
}
