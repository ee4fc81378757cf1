package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.migration.MigrationOptions;
import org.xenolith.migration.MigrationProgress;
import org.xenolith.migration.MigrationReport;

/// Migrations as the control socket carries them.
final class MigrationJson {
    private MigrationJson() {}

    static void put(ObjectNode request, MigrationOptions options) {
        request.put("downtime", options.downtimeMillisMax())
                .put("rounds", options.roundsMax())
                .put("throttle", options.throttlePercentMax())
                .put("copy-disks", options.copyDisks())
                .put("connections", options.connections());
    }

    /// @throws IllegalArgumentException if it has none
    static MigrationOptions options(JsonNode request) {
        return MigrationOptions.DEFAULT
                .within(
                        request.path("downtime").asInt(-1),
                        request.path("rounds").asInt(-1),
                        request.path("throttle").asInt(-1))
                .withDisks(request.path("copy-disks").asBoolean())
                .withConnections(request.path("connections").asInt(-1));
    }

    static ObjectNode of(MigrationProgress progress) {
        return Json.object()
                .put("round", progress.round())
                .put("pages", progress.sentPages())
                .put("bytes", progress.wireBytes())
                .put("rate", progress.pagesPerSecond())
                .put("remaining", progress.remainingPages())
                .put("throttle", progress.throttlePercent())
                .put("round-ends", progress.roundEnds());
    }

    static MigrationProgress progress(JsonNode json) {
        return new MigrationProgress(
                json.path("round").asInt(),
                json.path("pages").asLong(),
                json.path("bytes").asLong(),
                json.path("rate").asLong(),
                json.path("remaining").asLong(),
                json.path("throttle").asInt(),
                json.path("round-ends").asBoolean());
    }

    static ObjectNode of(MigrationReport report) {
        var downtime = report.downtime();
        return Json.object()
                .put("rounds", report.rounds())
                .put("pages", report.pages())
                .put("bytes", report.wireBytes())
                .put("nanos", report.totalNanos())
                .put("rehearsal", report.rehearsalNanos())
                .put("stop", downtime.stop())
                .put("last-pages", downtime.pages())
                .put("states", downtime.states())
                .put("arrive", downtime.arrive())
                .put("start", downtime.start());
    }

    static MigrationReport report(JsonNode json) {
        return new MigrationReport(
                json.path("rounds").asInt(),
                json.path("pages").asLong(),
                json.path("bytes").asLong(),
                json.path("nanos").asLong(),
                json.path("rehearsal").asLong(),
                new MigrationReport.Downtime(
                        json.path("stop").asLong(),
                        json.path("last-pages").asLong(),
                        json.path("states").asLong(),
                        json.path("arrive").asLong(),
                        json.path("start").asLong()));
    }
}
