package org.xenolith.xl;

import com.fasterxml.jackson.databind.JsonNode;

import org.xenolith.board.DomainState;
import org.xenolith.xl.TopSample.Row;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What `xl top` shows, in the columns of xentop(1).
///
/// @param hostKib the host's memory
/// @param vcpus whether a domain's vCPUs follow it
/// @param disks whether its block devices do
/// @param repeatHeader whether each domain has a header
/// @param fullNames whether names are not cut
record TopTable(
        long hostKib, boolean vcpus, boolean disks, boolean repeatHeader, boolean fullNames) {
    private static final int NAME_WIDTH = 10;
    private static final int VCPUS_IN_LINE = 5;

    private record Column(String heading, int width, BiFunction<Values, Row, Object> value) {}

    /// What a row's columns are computed from.
    private record Values(TopTable table, TopSample before, TopSample now) {
        /// Of one processor of the host; 0 for a domain that was not there before.
        private double cpuPercent(Row row) {
            long nanos = now.nanos() - before.nanos();
            return before.rows().stream()
                    .filter(other -> other.domain().id() == row.domain().id() && nanos > 0)
                    .mapToDouble(other -> 100.0 * (row.runNanos() - other.runNanos()) / nanos)
                    .map(percent -> Math.max(percent, 0)) // it may have been rebooted
                    .findFirst()
                    .orElse(0);
        }

        private double memoryPercent(long kibibytes) {
            return table.hostKib == 0 ? 0 : 100.0 * kibibytes / table.hostKib;
        }
    }

    private static final List<Column> COLUMNS =
            List.of(
                    new Column("NAME", NAME_WIDTH, (_, row) -> row.domain().name()),
                    new Column("STATE", 6, (_, row) -> letters(row.domain().state())),
                    new Column("CPU(sec)", 10, (_, row) -> (long) row.domain().runSeconds()),
                    new Column("CPU(%)", 6, (values, row) -> values.cpuPercent(row)),
                    new Column("MEM(k)", 10, (_, row) -> row.domain().memoryKib()),
                    new Column(
                            "MEM(%)",
                            6, (values, row) -> values.memoryPercent(row.domain().memoryKib())),
                    new Column("MAXMEM(k)", 10, (_, row) -> row.domain().memoryKibMax()),
                    new Column(
                            "MAXMEM(%)",
                            9, (values, row) -> values.memoryPercent(row.domain().memoryKibMax())),
                    new Column("VCPUS", 5, (_, row) -> row.domain().vcpusOnline()),
                    new Column("VBDS", 4, (_, row) -> row.disks().size()),
                    new Column("VBD_RD", 8, (_, row) -> row.sum("reads")),
                    new Column("VBD_WR", 8, (_, row) -> row.sum("writes")),
                    new Column("VBD_RSECT", 10, (_, row) -> row.sum("sectors_read")),
                    new Column("VBD_WSECT", 10, (_, row) -> row.sum("sectors_written")));

    TopTable toggleVcpus() {
        return new TopTable(hostKib, !vcpus, disks, repeatHeader, fullNames);
    }

    TopTable toggleDisks() {
        return new TopTable(hostKib, vcpus, !disks, repeatHeader, fullNames);
    }

    TopTable toggleHeader() {
        return new TopTable(hostKib, vcpus, disks, !repeatHeader, fullNames);
    }

    /// The table of `now`; what goes by the time between counts from `before`.
    List<String> lines(TopSample before, TopSample now) {
        var values = new Values(this, before, now);
        int nameWidth =
                now.rows().stream()
                        .mapToInt(row -> fullNames ? row.domain().name().length() : 0)
                        .reduce(NAME_WIDTH, Math::max);
        var lines = new ArrayList<String>();
        for (var row : now.rows()) {
            if (lines.isEmpty() || repeatHeader) {
                lines.add(line(nameWidth, Column::heading));
            }
            lines.add(line(nameWidth, column -> column.value.apply(values, row)));
            if (vcpus) {
                lines.addAll(vcpuLines(row));
            }
            if (disks) {
                row.disks().forEach(disk -> lines.add(diskLine(disk)));
            }
        }
        return lines;
    }

    private static String line(int nameWidth, Function<Column, Object> content) {
        return COLUMNS.stream()
                .map(column -> {
                    int width = column.heading.equals("NAME") ? nameWidth : column.width;
                    return switch (content.apply(column)) {
                        case Double number -> format("%" + width + ".1f", number);
                        case String text when column.heading.equals("NAME") ->
                                format("%" + width + "." + width + "s", text);
                        case Object other -> format("%" + width + "s", other);
                    };
                })
                .collect(Collectors.joining(" "));
    }

    private static List<String> vcpuLines(Row row) {
        var lines = new ArrayList<String>();
        var line = new StringBuilder("VCPUs(sec): ");
        for (var vcpu : row.domain().vcpus()) {
            if (!vcpu.online()) {
                continue;
            }
            if (vcpu.id() != 0 && vcpu.id() % VCPUS_IN_LINE == 0) {
                lines.add(line.toString());
                line = new StringBuilder("        ");
            }
            line.append(format(" %2d: %10ds", vcpu.id(), vcpu.runNanos() / 1_000_000_000));
        }
        lines.add(line.toString());
        return lines;
    }

    private static String diskLine(JsonNode disk) {
        int number = disk.path("devid").asInt();
        var statistics = disk.path("statistics");
        return format(
                "VBD BlkBack %4d [%2x:%2x]  RD: %8d   WR: %8d   RSECT: %10d   WSECT: %10d",
                number,
                number >> 8,
                number & 0xFF,
                statistics.path("reads").asLong(),
                statistics.path("writes").asLong(),
                statistics.path("sectors_read").asLong(),
                statistics.path("sectors_written").asLong());
    }

    /// Xentop has the letters in an order of its own.
    private static String letters(DomainState state) {
        var letters = state.letters();
        return "dsbcpr"
                .chars()
                .mapToObj(letter -> letters.indexOf(letter) >= 0 ? (char) letter : '-')
                .map(String::valueOf)
                .collect(Collectors.joining());
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
