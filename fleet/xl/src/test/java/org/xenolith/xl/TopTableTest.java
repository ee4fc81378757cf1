package org.xenolith.xl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.board.Affinity;
import org.xenolith.board.DomainState;
import org.xenolith.board.VcpuInfo;
import org.xenolith.xl.TopSample.Row;
import org.xenolith.xl.control.DomainDescription;
import org.xenolith.xl.control.Json;

import java.util.List;
import java.util.Optional;

class TopTableTest {
    private static final TopTable TABLE = new TopTable(1 << 20, false, false, false, false);

    @Test
    void processorTimeIsOfOneProcessorSinceTheSampleBefore() {
        var before = new TopSample(1_000_000_000L, List.of(row(1, 10_000_000_000L)));
        var now =
                new TopSample(
                        3_000_000_000L, List.of(row(1, 13_000_000_000L), row(2, 5_000_000_000L)));
        var lines = TABLE.lines(before, now);
        assertThat(lines.get(1))
                .startsWith("    guest1 --b---         13  150.0     262144   25.0");
        assertThat(lines.get(2)).as("a new one").contains("          5    0.0 ");
        assertThat(TABLE.lines(now, now).get(1)).as("no time has gone by").contains("   0.0 ");
    }

    @Test
    void aRebootedDomainHasNoNegativeShare() {
        var before = new TopSample(1, List.of(row(1, 10_000_000_000L)));
        var now = new TopSample(1_000_000_001L, List.of(row(1, 1_000_000_000L)));
        assertThat(TABLE.lines(before, now).get(1)).contains("          1    0.0 ");
    }

    @Test
    void whereTheHostDoesNotTellItsMemoryNoShareIsShown() {
        var table = new TopTable(0, false, false, false, false);
        var now = new TopSample(1, List.of(row(1, 0)));
        assertThat(table.lines(now, now).get(1))
                .contains("     262144    0.0     524288       0.0");
    }

    private static Row row(int id, long nanos) {
        var vcpu = new VcpuInfo(0, true, false, true, nanos, 0, Affinity.ALL);
        return new Row(
                new DomainDescription(
                        id,
                        "guest" + id,
                        "",
                        DomainState.BLOCKED,
                        256 * 1024,
                        512 * 1024,
                        List.of(vcpu),
                        Json.object(),
                        Optional.empty()),
                List.of());
    }
}
