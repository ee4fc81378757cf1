package org.xenolith.xtf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VerdictTest {
    @Test
    void theLastResultOnTheConsoleCounts() {
        var console = "Test result: FAILURE\r\nagain\r\nTest result: SUCCESS\r\n";

        assertThat(Verdict.of(console)).isEqualTo(Verdict.SUCCESS);
    }

    @Test
    void aConsoleWithoutAResultIsACrash() {
        assertThat(Verdict.of("--- Xen Test Framework ---\r\nPANIC\r\n")).isEqualTo(Verdict.CRASH);
    }

    @Test
    void anUnknownResultIsACrash() {
        assertThat(Verdict.of("Test result: RUNNING")).isEqualTo(Verdict.CRASH);
    }
}
