package org.xenolith.pv.network;

import org.xenolith.network.Frame;
import org.xenolith.pv.xenbus.FrontendNodes;
import org.xenolith.pv.xenbus.XenbusException;

/// What a front end takes from us.
///
/// @param scatterGather frames in several pages
/// @param ipv4Checksum IPv4 frames whose checksum is still to be made
/// @param notifies whether it says when it has more buffers
record FrontendFeatures(
        boolean scatterGather,
        boolean ipv4Checksum,
        boolean ipv6Checksum,
        boolean ipv4Segmentation,
        boolean ipv6Segmentation,
        boolean notifies) {
    static FrontendFeatures read(FrontendNodes frontend) throws XenbusException {
        if (!frontend.flag("request-rx-copy")) {
            throw new XenbusException("request-rx-copy is not 1, and pages are not flipped");
        }
        boolean gather = frontend.flag("feature-sg");
        return new FrontendFeatures(
                gather,
                !frontend.flag("feature-no-csum-offload"),
                frontend.flag("feature-ipv6-csum-offload"),
                gather && frontend.flag("feature-gso-tcpv4"),
                gather && frontend.flag("feature-gso-tcpv6"),
                frontend.flag("feature-rx-notify"));
    }

    boolean takesChecksum(int ipVersion) {
        return ipVersion == 4 ? ipv4Checksum : ipv6Checksum;
    }

    boolean takes(Frame.Segmentation.Kind kind) {
        return switch (kind) {
            case NONE -> true;
            case TCP_IPV4 -> ipv4Segmentation && ipv4Checksum;
            case TCP_IPV6 -> ipv6Segmentation && ipv6Checksum;
        };
    }
}
