package org.xenolith.xl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.migration.MigrationProgress;
import org.xenolith.migration.MigrationReport;
import org.xenolith.migration.MigrationReport.Downtime;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;

/// What an operator sees of a migration.
class MigrationDisplayTest {
    private static final MigrationProgress HALF =
            new MigrationProgress(1, 512, 1 << 20, 25_600, 2560, 0, false);
    private static final MigrationProgress WHOLE =
            new MigrationProgress(1, 1024, 2 << 20, 25_600, 0, 0, true);
    private static final MigrationProgress SLOW =
            new MigrationProgress(2, 1024, 2 << 20, 25_600, 256, 30, true);
    private static final MigrationReport REPORT =
            new MigrationReport(
                    3,
                    1100,
                    3 << 20,
                    1_500_000_000L,
                    6_500_000,
                    new Downtime(1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000));

    private static final String ENDED =
            "xl: migrated in 1.50 s, 3 rounds, 3.0 MiB; stood still for 15.0 ms:"
                    + " stop 1.0, last pages 2.0, states 3.0, arrival 4.0, start 5.0;"
                    + " and for 6.5 ms before, at the rehearsal\n";

    private static String shown(boolean terminal, int connections) {
        var bytes = new ByteArrayOutputStream();
        try (var display = new MigrationDisplay(new PrintStream(bytes), terminal, connections)) {
            display.at(HALF);
            display.at(WHOLE);
            display.at(SLOW);
            display.ended(REPORT);
        }
        return bytes.toString();
    }

    @Test
    void aTerminalShowsOneLineThatLives() {
        assertThat(shown(true, 1))
                .isEqualTo(
                        "\rxl: round 1: 2.0 MiB sent as 1.0 MiB, 100 MiB/s, 10.0 MiB remain"
                                + "\rxl: round 1: 4.0 MiB sent as 2.0 MiB, 100 MiB/s, 0.0 MiB remain "
                                + "\rxl: round 2: 4.0 MiB sent as 2.0 MiB, 100 MiB/s, 1.0 MiB remain,"
                                + " guest rests for 30 %\n"
                                + ENDED);
    }

    @Test
    void elsewhereThereIsALineForEachRound() {
        assertThat(shown(false, 1))
                .isEqualTo(
                        "xl: round 1: 4.0 MiB sent as 2.0 MiB, 100 MiB/s, 0.0 MiB remain\n"
                                + "xl: round 2: 4.0 MiB sent as 2.0 MiB, 100 MiB/s, 1.0 MiB remain,"
                                + " guest rests for 30 %\n"
                                + ENDED);
    }

    @Test
    void howManyConnectionsThereAreIsSaidIfThereAreSeveral() {
        assertThat(shown(false, 3))
                .startsWith(
                        "xl: round 1: 4.0 MiB sent as 2.0 MiB by 3 connections, 100 MiB/s,"
                                + " 0.0 MiB remain\n");
    }

    @Test
    void aMigrationThatComesToNothingLeavesTheLine() {
        var bytes = new ByteArrayOutputStream();
        try (var display = new MigrationDisplay(new PrintStream(bytes), true, 1)) {
            display.at(HALF);
        }
        assertThat(bytes.toString()).endsWith("remain\n");
    }
}
