package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.board.DiskConfig;
import org.xenolith.board.DiskInfo;
import org.xenolith.images.ImageFormat;
import org.xenolith.pv.block.VirtualDevice;

import java.nio.file.Path;
import java.util.Optional;

/// Disks as JSON: configurations as a `libxl_device_disk` (tools/libs/light/libxl_types.idl), with
/// `sector_size` of ours where it is not 512.
public final class DiskJson {
    private DiskJson() {}

    public static ObjectNode of(DiskConfig disk) {
        var json = Json.object().put("vdev", disk.device().name());
        disk.target().ifPresent(path -> json.put("pdev_path", path.toString()));
        json.put("format", disk.target().isEmpty() ? "empty" : disk.format().spelling())
                .put("readwrite", disk.writable() ? 1 : 0)
                .put("removable", disk.cdrom() ? 1 : 0)
                .put("is_cdrom", disk.cdrom() ? 1 : 0)
                .put("discard_enable", disk.discard() ? "True" : "False");
        if (disk.sectorBytes() != DiskConfig.SECTOR_BYTES) {
            json.put("sector_size", disk.sectorBytes());
        }
        return json;
    }

    /// @throws IllegalArgumentException if `json` is no disk
    static DiskConfig parse(JsonNode json) {
        var path = json.path("pdev_path").asText();
        var format = json.path("format").asText();
        return new DiskConfig(
                device(json.path("vdev")),
                format.equals("empty")
                        ? ImageFormat.RAW
                        : ImageFormat.named(format)
                                .orElseThrow(() ->
                                        new IllegalArgumentException("unknown format " + format)),
                path.isEmpty() ? Optional.empty() : Optional.of(Path.of(path)),
                json.path("readwrite").asInt() != 0,
                json.path("is_cdrom").asInt() != 0,
                json.path("discard_enable").asText().equals("True"),
                json.path("sector_size").asInt(DiskConfig.SECTOR_BYTES));
    }

    /// @throws IllegalArgumentException if `json` is not the name of a device
    static VirtualDevice device(JsonNode json) {
        return VirtualDevice.parse(json.asText())
                .orElseThrow(
                        () -> new IllegalArgumentException(json.asText() + " is not a device"));
    }

    /// What `xl block-list` shows, with the members of a `libxl_diskinfo`, and statistics.
    static ObjectNode of(DiskInfo info, int domain) {
        int number = info.config().device().number();
        var json =
                Json.object()
                        .put("domid", domain)
                        .put("devid", number)
                        .put(
                                "backend",
                                "/local/domain/0/backend/vbd/%d/%d".formatted(domain, number))
                        .put("backend_id", 0)
                        .put("frontend", "/local/domain/%d/device/vbd/%d".formatted(domain, number))
                        .put("frontend_id", domain)
                        .put("state", info.frontendState())
                        .put("evtch", info.eventChannel())
                        .put("rref", info.ringReference())
                        .put("sectors", info.sectors());
        json.set("disk", of(info.config()));
        var statistics = info.statistics();
        json.putObject("statistics")
                .put("reads", statistics.reads())
                .put("writes", statistics.writes())
                .put("flushes", statistics.flushes())
                .put("discards", statistics.discards())
                .put("sectors_read", statistics.sectorsRead())
                .put("sectors_written", statistics.sectorsWritten())
                .put("errors", statistics.errors());
        return json;
    }
}
