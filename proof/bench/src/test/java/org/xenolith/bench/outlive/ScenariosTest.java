package org.xenolith.bench.outlive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;

/// How what commands say becomes figures.
class ScenariosTest {
    private final Readings readings = new Readings(_ -> {});

    @Test
    void theLastLineOfAMigrationIsRead() throws Exception {
        var moves = new Moves(readings);
        moves.read(
                """
                xl: round 1: 66.9 MiB sent as 22.9 MiB, 41 MiB/s, 0.2 MiB remain
                xl: migrated in 2.06 s, 2 rounds, 23.0 MiB; stood still for 93.8 ms: stop 2.6, \
                last pages 1.8, states 23.1, arrival 56.4, start 9.9; and for 4.2 ms before, at the rehearsal
                """);
        assertThat(readings.of(Figures.MOVE_TOTAL)).containsExactly(2.06);
        assertThat(readings.of(Figures.MOVE_ROUNDS)).containsExactly(2);
        assertThat(readings.of(Figures.MOVE_STILL)).containsExactly(93.8);
        assertThat(readings.of(Figures.MOVE_REHEARSAL)).containsExactly(4.2);
        assertThat(moves.parts())
                .isEqualTo("stop 2.60, last pages 1.80, states 23.1, arrival 56.4, start 9.90");
        assertThatThrownBy(() -> moves.read("xl: the guest stays"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the guest stays");
    }

    @Test
    void aQuantileIsOneOfTheValues() {
        var hundred = IntStream.rangeClosed(1, 100).mapToObj(i -> (double) i).toList();
        assertThat(Mirrors.quantile(hundred, 0.5)).isEqualTo(50);
        assertThat(Mirrors.quantile(hundred, 0.99)).isEqualTo(99);
        assertThat(Mirrors.quantile(List.of(3.0), 0.01)).isEqualTo(3);
    }
}
