package org.xenolith.bench.guest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// What one call of the guest's program has given: its laps, and the checksum.
public record Run(List<Lap> laps, String sum) {
    /// Guest instructions are 0 where nobody counts them.
    public record Lap(long nanos, long instructions, OptionalLong guestNanos) {}

    public Run {
        laps = List.copyOf(laps);
    }

    /// Of what the program has printed on the host itself: laps have the time that it took.
    ///
    /// @throws IOException if it has not come to its end
    public static Run parse(String output) throws IOException {
        var laps = new ArrayList<Lap>();
        var marks = Mark.LINE.matcher(output + "\n");
        while (marks.find()) {
            switch (Mark.of(marks)) {
                case Mark.LapEnd(var nanos) -> laps.add(new Lap(nanos.orElse(0), 0, nanos));
                case Mark.End(var sum) -> {
                    return new Run(laps, sum);
                }
                case Mark.Init(), Mark.Begin() -> {}
                case Mark.Failed(var reason) -> throw new IOException(reason);
            }
        }
        throw new IOException("the program has not come to its end: " + output);
    }
}
