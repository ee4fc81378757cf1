package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.mirror.protocol.MirrorStatus;
import org.xenolith.mirror.protocol.PrimaryProtocol;

import java.util.Locale;

/// How a mirror is doing, as the control socket carries it.
public final class MirrorJson {
    private MirrorJson() {}

    public static ObjectNode of(MirrorStatus status) {
        return Json.object()
                .put("phase", status.phase().name().toLowerCase(Locale.ROOT))
                .put("epoch", status.epoch())
                .put("committed", status.committed())
                .put("epochs-per-second", status.epochsPerSecond())
                .put("pages-per-epoch", status.pagesPerEpoch())
                .put("bytes-per-epoch", status.bytesPerEpoch())
                .put("lag", status.lagNanos())
                .put("pause", status.pauseNanos())
                .put("pause-max", status.pauseNanosMax())
                .put("interval", status.intervalNanos());
    }

    /// @throws IllegalArgumentException if it is none
    static MirrorStatus parse(JsonNode json) {
        return new MirrorStatus(
                PrimaryProtocol.Phase.valueOf(json.path("phase").asText().toUpperCase(Locale.ROOT)),
                json.path("epoch").asLong(),
                json.path("committed").asLong(),
                json.path("epochs-per-second").asDouble(),
                json.path("pages-per-epoch").asDouble(),
                json.path("bytes-per-epoch").asDouble(),
                json.path("lag").asLong(),
                json.path("pause").asLong(),
                json.path("pause-max").asLong(),
                json.path("interval").asLong());
    }
}
