package org.xenolith.bench.outlive;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class OutliveTableTest {
    private final Readings readings = new Readings(_ -> {});

    @Test
    void mediansAreHeldAgainstGoals() {
        for (double value : new double[] {61, 59, 80}) {
            readings.add(Figures.MOVE_STILL, value);
        }
        readings.add(Figures.COMPILE, 12.34);
        readings.add(Figures.MOVE_ROUNDS, 2);
        readings.note("Something else.");
        var figures = List.of(Figures.MOVE_STILL, Figures.MOVE_ROUNDS, Figures.COMPILE);
        assertThat(OutliveTable.of(figures, readings))
                .isEqualTo(
                        """
                        | row         | unit | median |   min–max | times | goal | Remus |      |
                        |-------------|-----:|-------:|----------:|------:|-----:|------:|------|
                        | move-still  |   ms |   61.0 | 59.0–80.0 |     3 | ≤ 60 |       | miss |
                        | move-rounds |      |   2.00 | 2.00–2.00 |     1 |      |       |      |
                        | compile     |    % |   12.3 | 12.3–12.3 |     1 | ≤ 25 |   103 | pass |

                        Something else.
                        """);
    }

    @Test
    void whatCouldNotBeRunIsSeen() {
        readings.fail(Scenario.FAIL_OVER, "no answer");
        assertThat(OutliveTable.of(List.of(Figures.REPLY), readings))
                .containsPattern("fail-over .* NOT RUN \\|")
                .contains("fail-over could not be run: no answer\n");
    }
}
