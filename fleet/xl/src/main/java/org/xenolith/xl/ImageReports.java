package org.xenolith.xl;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.images.ChangeLog;
import org.xenolith.images.CheckReport;
import org.xenolith.images.Extent;
import org.xenolith.images.Image;
import org.xenolith.images.ImageException;
import org.xenolith.images.ImageInfo;
import org.xenolith.images.Snapshot;
import org.xenolith.xl.control.Json;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/// What `xl image` prints, in the words and the JSON of `qemu-img`.
final class ImageReports {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

    private ImageReports() {}

    private static void line(PrintStream out, String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }

    // Information

    static void print(PrintStream out, ImageInfo info) {
        line(out, "image: %s", info.file());
        line(out, "file format: %s", info.format().spelling());
        line(out, "virtual size: %s (%d bytes)", ByteSize.print(info.size()), info.size());
        info.hostBytes().ifPresent(b -> line(out, "disk size: %s", ByteSize.print(b)));
        info.unitBytes().ifPresent(b -> line(out, "cluster_size: %d", b));
        if (info.backing().isPresent()) {
            var backing = info.backing().get();
            line(out, "backing file: %s (actual path: %s)", backing.name(), backing.path());
            backing.format().ifPresent(format -> line(out, "backing file format: %s", format));
        }
        if (!info.snapshots().isEmpty()) {
            line(out, "Snapshot list:");
            printSnapshots(out, info.snapshots());
        }
        if (!info.points().isEmpty()) {
            line(out, "Change log:");
            printPoints(out, info.points(), false);
        }
        printDetails(out, info.details());
    }

    private static void printDetails(PrintStream out, ImageInfo.Details details) {
        switch (details) {
            case ImageInfo.RawDetails _ -> {}
            case ImageInfo.Qcow2Details qcow2 -> {
                line(out, "Format specific information:");
                line(out, "    compat: %s", qcow2.version() == 2 ? "0.10" : "1.1");
                line(out, "    compression type: %s", qcow2.zstd() ? "zstd" : "zlib");
                line(out, "    lazy refcounts: %s", qcow2.lazyRefcounts());
                line(out, "    refcount bits: %d", qcow2.refcountBits());
                line(out, "    dirty: %s", qcow2.dirty());
                line(out, "    corrupt: %s", qcow2.corrupt());
            }
            case ImageInfo.VhdDetails vhd -> {
                line(out, "Format specific information:");
                line(out, "    subformat: %s", vhd.kind());
                line(out, "    creator: %s", vhd.creator());
                line(out, "    uuid: %s", vhd.id());
            }
        }
    }

    static void printSnapshots(PrintStream out, List<Snapshot> snapshots) {
        if (snapshots.isEmpty()) {
            return;
        }
        line(out, "%-10s%-24s%12s  %s", "ID", "TAG", "SIZE", "DATE");
        for (var snapshot : snapshots) {
            line(
                    out,
                    "%-10s%-24s%12s  %s",
                    snapshot.id(),
                    snapshot.name(),
                    ByteSize.print(snapshot.size()),
                    DATE.format(Instant.ofEpochSecond(snapshot.seconds())));
        }
    }

    static String json(List<ImageInfo> infos, boolean chain) {
        if (!chain) {
            return Json.pretty(json(infos.getFirst()));
        }
        var array = Json.array();
        infos.forEach(info -> array.add(json(info)));
        return Json.pretty(array);
    }

    private static ObjectNode json(ImageInfo info) {
        var node = Json.object();
        node.put("virtual-size", info.size());
        node.put("filename", info.file().toString());
        info.unitBytes().ifPresent(bytes -> node.put("cluster-size", bytes));
        node.put("format", info.format().spelling());
        info.hostBytes().ifPresent(bytes -> node.put("actual-size", bytes));
        if (info.backing().isPresent()) {
            var backing = info.backing().get();
            node.put("backing-filename", backing.name());
            node.put("full-backing-filename", backing.path().toString());
            backing.format().ifPresent(format -> node.put("backing-filename-format", format));
        }
        if (!info.snapshots().isEmpty()) {
            var array = node.putArray("snapshots");
            info.snapshots().forEach(snapshot -> fill(array.addObject(), snapshot));
        }
        if (!info.points().isEmpty()) {
            var array = node.putArray("change-log");
            info.points().forEach(point -> fill(array.addObject(), point));
        }
        fillDetails(node, info);
        return node;
    }

    private static void fill(ObjectNode node, Snapshot snapshot) {
        node.put("id", snapshot.id());
        node.put("name", snapshot.name());
        node.put("date-sec", snapshot.seconds());
        node.put("date-nsec", snapshot.nanos());
        node.put("vm-state-size", snapshot.machineStateBytes());
        node.put("disk-size", snapshot.size());
    }

    private static void fill(ObjectNode node, ChangeLog.Point point) {
        node.put("name", point.name());
        node.put("granularity", point.granularity());
        node.put("complete", point.state() == ChangeLog.State.COMPLETE);
        node.put("changed", point.changedBytes());
    }

    private static void fillDetails(ObjectNode node, ImageInfo info) {
        switch (info.details()) {
            case ImageInfo.RawDetails _ -> {}
            case ImageInfo.Qcow2Details qcow2 -> {
                node.put("dirty-flag", qcow2.dirty());
                var data = details(node, "qcow2");
                data.put("compat", qcow2.version() == 2 ? "0.10" : "1.1");
                data.put("compression-type", qcow2.zstd() ? "zstd" : "zlib");
                data.put("lazy-refcounts", qcow2.lazyRefcounts());
                data.put("refcount-bits", qcow2.refcountBits());
                data.put("corrupt", qcow2.corrupt());
            }
            case ImageInfo.VhdDetails vhd -> {
                var data = details(node, "vhd");
                data.put("subformat", vhd.kind());
                data.put("creator", vhd.creator());
                data.put("uuid", vhd.id());
            }
        }
    }

    private static ObjectNode details(ObjectNode node, String type) {
        var details = node.putObject("format-specific");
        details.put("type", type);
        return details.putObject("data");
    }

    // Checks

    static void print(PrintStream out, CheckReport report) {
        report.problems().forEach(out::println);
        if (report.isClean()) {
            line(out, "No errors were found on the image.");
        } else {
            line(
                    out,
                    "%d errors were found on the image, %d leaked clusters.",
                    report.corruptions(),
                    report.leaks());
        }
        if (report.corruptionsFixed() + report.leaksFixed() > 0) {
            line(
                    out,
                    "%d errors and %d leaked clusters were mended.",
                    report.corruptionsFixed(),
                    report.leaksFixed());
        }
        line(
                out,
                "%d/%d allocated, %d fragmented, %d compressed clusters",
                report.allocatedClusters(),
                report.totalClusters(),
                report.fragmentedClusters(),
                report.compressedClusters());
        line(out, "Image end offset: %d", report.imageEnd());
    }

    static String json(Path file, CheckReport report) {
        var node = Json.object();
        node.put("image-end-offset", report.imageEnd());
        node.put("total-clusters", report.totalClusters());
        node.put("check-errors", 0);
        node.put("corruptions", report.corruptions());
        node.put("leaks", report.leaks());
        node.put("corruptions-fixed", report.corruptionsFixed());
        node.put("leaks-fixed", report.leaksFixed());
        node.put("allocated-clusters", report.allocatedClusters());
        node.put("fragmented-clusters", report.fragmentedClusters());
        node.put("compressed-clusters", report.compressedClusters());
        node.put("filename", file.toString());
        node.put("format", report.format().spelling());
        return Json.pretty(node);
    }

    // Maps

    /// Extent by extent; those of the same kind that follow each other are one.
    @FunctionalInterface
    private interface ExtentPrinter {
        void print(Extent extent);
    }

    private static void walk(Image image, ExtentPrinter printer) throws ImageException {
        Extent pending = null;
        for (long at = 0; at < image.size(); ) {
            var next = image.extent(at, image.size() - at);
            if (pending != null && pending.continues(next)) {
                pending = pending.with(pending.length() + next.length());
            } else {
                if (pending != null) {
                    printer.print(pending);
                }
                pending = next;
            }
            at = next.end();
        }
        if (pending != null) {
            printer.print(pending);
        }
    }

    static void printMap(PrintStream out, Image image) throws ImageException {
        line(out, "%-18s %-18s %-18s %-6s %s", "Offset", "Length", "Mapped to", "Depth", "Kind");
        walk(
                image,
                extent -> {
                    if (!extent.readsAsZeros()) {
                        line(
                                out,
                                "%-#18x %-#18x %-18s %-6d %s",
                                extent.start(),
                                extent.length(),
                                extent.hostOffset().isPresent()
                                        ? "%#x".formatted(extent.hostOffset().getAsLong())
                                        : "-",
                                extent.depth(),
                                extent.kind().name().toLowerCase(Locale.ROOT));
                    }
                });
    }

    static void printMapAsJson(PrintStream out, Image image) throws ImageException {
        var separator = new String[] {"["};
        walk(
                image,
                extent -> {
                    out.print(separator[0]);
                    out.print(json(extent));
                    separator[0] = ",\n";
                });
        out.println(image.size() == 0 ? "[]" : "]");
    }

    private static String json(Extent extent) {
        var node = Json.object();
        node.put("start", extent.start());
        node.put("length", extent.length());
        node.put("depth", extent.depth());
        node.put("present", extent.kind() != Extent.Kind.ABSENT);
        node.put("zero", extent.readsAsZeros());
        node.put("data", !extent.readsAsZeros());
        node.put("compressed", extent.kind() == Extent.Kind.COMPRESSED);
        extent.hostOffset().ifPresent(offset -> node.put("offset", offset));
        return node.toString();
    }

    // Changes

    static void printPoints(PrintStream out, List<ChangeLog.Point> points, boolean asJson) {
        if (asJson) {
            var array = Json.array();
            points.forEach(point -> fill(array.addObject(), point));
            out.println(Json.pretty(array));
            return;
        }
        if (!points.isEmpty()) {
            line(out, "%-32s%12s%12s  %s", "NAME", "GRANULARITY", "CHANGED", "STATE");
        }
        for (var point : points) {
            boolean complete = point.state() == ChangeLog.State.COMPLETE;
            line(
                    out,
                    "%-32s%12d%12s  %s",
                    point.name(),
                    point.granularity(),
                    complete ? ByteSize.print(point.changedBytes()) : "-",
                    complete ? "complete" : "incomplete");
        }
    }

    static void printRanges(PrintStream out, List<ChangeLog.Range> ranges, boolean asJson) {
        if (asJson) {
            var array = Json.array();
            for (var range : ranges) {
                array.addObject().put("start", range.start()).put("length", range.length());
            }
            out.println(Json.pretty(array));
            return;
        }
        line(out, "%-18s %s", "Offset", "Length");
        ranges.forEach(range -> line(out, "%-#18x %#x", range.start(), range.length()));
    }
}
