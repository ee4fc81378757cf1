package org.xenolith.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.bench.guest.GuestProgram;
import org.xenolith.bench.guest.Run;
import org.xenolith.bench.guest.SampleDevices;
import org.xenolith.bench.table.Group;
import org.xenolith.bench.table.Row;
import org.xenolith.bench.table.Rows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

class RowProgramTest {
    private static Row row(String name) {
        return Rows.named(name).getFirst();
    }

    private static Run run(long... nanos) {
        var laps =
                Arrays.stream(nanos)
                        .mapToObj(lap -> new Run.Lap(lap, lap * 2, OptionalLong.empty()))
                        .toList();
        return new Run(laps, "sum");
    }

    @Test
    void theSecondLapCountsAndTheFirstIsCold() throws Exception {
        var sample = RowProgram.sample(row("crc"), 100, run(3_000_000, 2_000_000));
        assertThat(sample.value()).isEqualTo(20);
        assertThat(sample.cold()).isEqualTo(30);
        assertThat(sample.instructions()).isEqualTo(4_000_000);
        assertThat(sample.sum()).isEqualTo("sum");
    }

    @Test
    void twoProcessesInTheTimeOfOneAreAFactorOfTwo() throws Exception {
        assertThat(RowProgram.sample(row("sieve-x2"), 7, run(9, 100, 100)).value()).isEqualTo(2);
        assertThat(RowProgram.sample(row("sieve-x2"), 7, run(9, 100, 200)).value()).isEqualTo(1);
        var turns = run(9, 100, 100, 100, 200, 100, 125);
        assertThat(RowProgram.sample(row("sieve-x2"), 7, turns).value()).isEqualTo(1.6);
        assertThat(RowProgram.lapNanos(row("sieve-x2"), run(9, 100, 200))).isEqualTo(9);
    }

    @Test
    void missingLapsAreAFailure() {
        assertThatThrownBy(() -> RowProgram.sample(row("crc"), 1, run(5)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1 lap");
        assertThatThrownBy(() -> RowProgram.sample(row("sieve-x2"), 1, run(5, 6)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("2 laps");
    }

    /// The guest's program runs on the host as well: both are Linux.
    @Test
    void theGuestsProgramKnowsEveryRow(@TempDir Path directory) throws Exception {
        try {
            HostCommand.run(directory, List.of("gcc", "--version"));
        } catch (IOException e) {
            Assumptions.abort("no gcc: " + e.getMessage());
        }
        var bench = new GuestProgram(directory).bench().toString();
        try (var devices = new SampleDevices(directory)) {
            for (var row : Rows.ALL) {
                // The shell is no part of the program, and there is no /bench/nothing to start.
                boolean elsewhere = row.name().equals("shell") || row.name().equals("exec");
                if (row.isProgram() && row.group() != Group.SCALING && !elsewhere) {
                    var words = RowProgram.command(row, 2).replace("/bench/bench", bench);
                    assertThat(devices.run(words))
                            .matches("@begin\n@lap \\d+\n@lap \\d+\n@end [0-9a-f]{16}");
                }
            }
        }
    }
}
