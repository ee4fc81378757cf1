package org.xenolith.mirror.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SilenceTest {
    private final Silence silence = new Silence(1000, 50, 200);

    @Test
    void itLastsTooLongWhenNothingComesWhileThisSideIsAwake() {
        assertThat(silence.passed(1050)).isFalse();
        assertThat(silence.passed(1100)).isFalse();
        assertThat(silence.passed(1150)).isFalse();
        assertThat(silence.passed(1200)).isTrue();
    }

    @Test
    void whatComesEndsIt() {
        silence.passed(1050);
        silence.passed(1100);
        silence.heard(1120);
        assertThat(silence.passed(1150)).isFalse();
        assertThat(silence.passed(1200)).isFalse();
    }

    @Test
    void timeInWhichThisSideWasAwayDoesNotCount() {
        assertThat(silence.passed(9000)).isFalse();
        assertThat(silence.passed(99_000)).isFalse();
    }
}
