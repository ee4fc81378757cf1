package org.xenolith.bench.guest;

import java.util.OptionalLong;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// A line by which the guest's program says where it is (`bench.c`).
sealed interface Mark {
    /// The kernel has started its first program.
    record Init() implements Mark {}

    /// The first lap begins.
    record Begin() implements Mark {}

    /// A lap ends, and the next one begins. The time is the guest's own.
    record LapEnd(OptionalLong guestNanos) implements Mark {}

    /// All laps have ended; what has been computed.
    record End(String sum) implements Mark {}

    record Failed(String reason) implements Mark {}

    /// Matches a mark's line, for [#of].
    Pattern LINE = Pattern.compile("@(?:(init|begin)|(lap)(?: (\\d+))?|(end|failed) (.*?))\r?\n");

    static Mark of(MatchResult line) {
        if (line.group(2) != null) {
            var nanos = line.group(3);
            return new LapEnd(
                    nanos == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(nanos)));
        }
        var text = line.group(5);
        if (text != null) {
            return line.group(4).equals("end") ? new End(text) : new Failed(text);
        }
        return line.group(1).equals("init") ? new Init() : new Begin();
    }
}
