package org.xenolith.network;

/// What a receiver of frames can do itself.
///
/// @param checksum finish a TCP or UDP checksum ([Frame.Checksum.Partial])
/// @param ipv4Segmentation cut TCP over IPv4 ([Frame.Segmentation])
/// @param ipv6Segmentation cut TCP over IPv6
public record Offloads(boolean checksum, boolean ipv4Segmentation, boolean ipv6Segmentation) {
    public static final Offloads NONE = new Offloads(false, false, false);
    public static final Offloads ALL = new Offloads(true, true, true);

    /// Segmentation implies the checksum: the pieces need new ones.
    public Offloads {
        if (!checksum && (ipv4Segmentation || ipv6Segmentation)) {
            throw new IllegalArgumentException("segmentation without checksums");
        }
    }
}
