package org.xenolith.bench.table;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

class TableTest {
    private static final Row BOOT = Rows.named("boot-shell").getFirst();
    private static final Row SIEVE = Rows.named("sieve").getFirst();
    private static final Row WORDS = Rows.named("words").getFirst();
    private static final Row PIPE = Rows.named("pipe").getFirst();

    private static Sample sample(double value) {
        return new Sample(value, 1.5 * value, 1e6 * value, 3e5, "sum");
    }

    @Test
    void columnsStandUnderEachOther() {
        var comparisons =
                List.of(
                        new Comparison(
                                BOOT, List.of(Sample.of(12.34, "")), List.of(Sample.of(3, ""))),
                        new Comparison(
                                SIEVE,
                                List.of(sample(50), sample(51), sample(52)),
                                List.of(sample(100), sample(100), sample(100))),
                        new Comparison(WORDS, List.of(sample(2)), List.of(sample(1))));
        assertThat(Table.of(comparisons, Map.of()))
                .isEqualTo(
                        """
                        | row        | unit | Xenolith |  TCG | ratio |   min–max | first run | TCG's first | MIPS | TCG's MIPS | floor |      |
                        |------------|-----:|---------:|-----:|------:|----------:|----------:|------------:|-----:|-----------:|------:|------|
                        | boot-shell |    s |     12.3 | 3.00 |  0.24 | 0.24–0.24 |           |             |      |            |   0.5 | miss |
                        | sieve      |   µs |     51.0 |  100 |  1.96 | 1.92–2.00 |      76.5 |         150 |    6 |          3 |   0.9 | pass |
                        | words      |   µs |     2.00 | 1.00 |  0.50 | 0.50–0.50 |      3.00 |        1.50 |  150 |        300 |       |      |

                        Geometric mean of the ratios of 1 of 10 CPU kernels: 1.96 (floor 1.8: pass)
                        """);
    }

    @Test
    void noiseAndWrongSumsAndFailuresAreSeen() {
        var noisy =
                new Comparison(
                        SIEVE,
                        List.of(sample(50), sample(80)),
                        List.of(Sample.of(100, "sum"), Sample.of(100, "other")));
        assertThat(Table.of(List.of(noisy), Map.of(PIPE, "no answer")))
                .containsPattern("sieve .* ~1.63 .* WRONG +\\|")
                .containsPattern("\\| pipe .* NOT RUN \\|")
                .doesNotContain("Geometric mean")
                .contains("pipe could not be run: no answer\n");
    }

    @Test
    void threeDigitsCount() {
        assertThat(Table.number(0.004)).isEqualTo("0.00");
        assertThat(Table.number(9.994)).isEqualTo("9.99");
        assertThat(Table.number(9.996)).isEqualTo("10.0");
        assertThat(Table.number(99.96)).isEqualTo("100");
        assertThat(Table.number(12345.6)).isEqualTo("12346");
        assertThat(Table.number(Double.NaN)).isEmpty();
    }

    @Test
    void disksAndNetworksHaveAMeanOfTheirOwn() {
        var rows = List.of("read", "tcp-rr");
        var comparisons =
                rows.stream()
                        .map(name -> Rows.named(name).getFirst())
                        .map(row -> new Comparison(row, List.of(sample(1)), List.of(sample(2))))
                        .toList();
        assertThat(Table.of(comparisons, Map.of()))
                .doesNotContain("CPU kernels")
                .contains(
                        "Geometric mean of the ratios of 2 of 13 rows of disks and networks: 2.00"
                                + " (floor 1.5: pass)\n");
    }
}
