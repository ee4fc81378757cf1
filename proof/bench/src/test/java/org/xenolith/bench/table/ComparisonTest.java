package org.xenolith.bench.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import java.util.List;

class ComparisonTest {
    private static final Row SIEVE = Rows.named("sieve").getFirst();
    private static final Row MEMORY = Rows.named("memory").getFirst();
    private static final Row SCALING = Rows.named("sieve-x2").getFirst();

    private static Sample sample(double value, double instructions) {
        return new Sample(value, 2 * value, 1000 * value, instructions, "sum");
    }

    @Test
    void lessTimeIsMore() {
        var twice = new Comparison(SIEVE, List.of(sample(5, 0)), List.of(sample(10, 0)));
        assertThat(twice.ratio().median()).isEqualTo(2);
        assertThat(twice.reachesFloor()).isTrue();
    }

    @Test
    void ratiosAreOfPairs() {
        // The host became slower by half: nothing that a ratio may see.
        var ours = List.of(sample(10, 0), sample(20, 0), sample(20, 0));
        var theirs = List.of(sample(20, 0), sample(40, 0), sample(40, 0));
        assertThat(new Comparison(SIEVE, ours, theirs).ratio()).isEqualTo(new Spread(2, 2, 2));
    }

    @Test
    void aRowThatScalesIsMeasuredByOurOwnFactor() {
        var ours = List.of(Sample.of(1.7, "sum"));
        var theirs = List.of(Sample.of(1.0, "sum"));
        var comparison = new Comparison(SCALING, ours, theirs);
        assertThat(comparison.ratio().median()).isEqualTo(1.7);
        assertThat(comparison.reachesFloor()).isFalse();
    }

    @Test
    void theirInstructionsAreOursWhereTheCodeIsTheSame() {
        var ours = List.of(sample(10, 2_000_000));
        var theirs = List.of(sample(20, 0));
        var same = new Comparison(SIEVE, ours, theirs);
        assertThat(same.ourMips()).isEqualTo(200_000, within(1e-6));
        assertThat(same.theirMips()).isEqualTo(100_000, within(1e-6));
        assertThat(new Comparison(MEMORY, ours, theirs).theirMips()).isNaN();
        assertThat(new Comparison(SIEVE, theirs, ours).ourMips()).isNaN();
    }

    @Test
    void oneOtherSumIsWrong() {
        var good = List.of(Sample.of(1, "a"), Sample.of(1, "a"));
        var bad = List.of(Sample.of(1, "a"), Sample.of(1, "b"));
        assertThat(new Comparison(SIEVE, good, good).isWrong()).isFalse();
        assertThat(new Comparison(SIEVE, good, bad).isWrong()).isTrue();
        assertThat(new Comparison(SIEVE, bad, good).isWrong()).isTrue();
    }

    @Test
    void samplesComeInPairs() {
        assertThatThrownBy(() -> new Comparison(SIEVE, List.of(), List.of()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Comparison(SIEVE, List.of(sample(1, 1)), List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
