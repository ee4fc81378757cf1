package org.xenolith.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.OptionalLong;

class MarkTest {
    private static List<Mark> marks(String text) {
        return Mark.LINE.matcher(text).results().map(Mark::of).toList();
    }

    @Test
    void linesAreMarks() {
        assertThat(marks("@init\r\n@begin\r\n@lap 123\r\n@lap\n@end 00ff\r\n@failed fork: No\n"))
                .containsExactly(
                        new Mark.Init(),
                        new Mark.Begin(),
                        new Mark.LapEnd(OptionalLong.of(123)),
                        new Mark.LapEnd(OptionalLong.empty()),
                        new Mark.End("00ff"),
                        new Mark.Failed("fork: No"));
    }

    @Test
    void whatIsTypedOrNotYetWholeIsNone() {
        assertThat(marks("~ # /bench/bench sieve 100\r\n@lap 12")).isEmpty();
        assertThat(marks("@lapse 1\n@begin 1\nroot@end\n")).isEmpty();
    }
}
