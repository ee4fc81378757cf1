package org.xenolith.board;

import org.xenolith.xen.DomainSpec;

/// What a domain may ask for at most. The defaults are Xen's (xl.conf.5, xl.cfg.5).
///
/// `grantFramesMax` and `maptrackFramesMax` count frames, `grantVersionMax` is 1 or 2,
/// `eventChannelsMax` is the highest event-channel port.
public record Limits(
        int grantFramesMax, int maptrackFramesMax, int grantVersionMax, int eventChannelsMax) {
    public static final Limits DEFAULT = new Limits(64, 1024, 2, 1023);

    public Limits {
        InvalidConfigException.require(
                grantFramesMax >= 1 && grantFramesMax <= DomainSpec.GRANT_FRAMES_MAX,
                "max_grant_frames must be from 1 to %d, not %d"
                        .formatted(DomainSpec.GRANT_FRAMES_MAX, grantFramesMax));
        InvalidConfigException.require(
                maptrackFramesMax >= 0 && maptrackFramesMax <= 4096,
                "max_maptrack_frames must be from 0 to 4096, not " + maptrackFramesMax);
        InvalidConfigException.require(
                grantVersionMax == 1 || grantVersionMax == 2,
                "max_grant_version must be 1 or 2, not " + grantVersionMax);
        InvalidConfigException.require(
                eventChannelsMax >= 63 && eventChannelsMax < DomainSpec.EVENT_CHANNELS_MAX,
                "max_event_channels must be from 63 to 131071, not " + eventChannelsMax);
    }
}
