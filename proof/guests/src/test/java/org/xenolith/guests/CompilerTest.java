package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.board.CompilerChoice;
import org.xenolith.xen.ShutdownReason;

/// A kernel boots and computes the same however it is executed. All of [DebianTest] can be run so
/// with `-Dxenolith.compiler=off`, `on` or `forced`.
class CompilerTest {
    private static final DebianKernel KERNEL = DebianKernel.CLOUD;

    /// What `seq 1 20000 | sha256sum` prints on this host.
    private static final String SUM =
            "f6351f5ead9a700e34275480b3856ea738122a7c57bdeb744a631251c069587a";

    @ParameterizedTest
    @EnumSource(names = {"OFF", "ON", "FORCED"})
    void aKernelBootsAndComputesTheSame(CompilerChoice compiler) throws Exception {
        KERNEL.missing().ifPresent(reason -> Assumptions.abort(reason));
        try (var guest = Guest.boot(KERNEL.config(2).build(), compiler)) {
            System.out.printf(
                    "Compiler %s: %.1f s to the shell%n",
                    compiler, guest.bootTime().toMillis() / 1000.0);
            assertThat(guest.run("uname -r")).startsWith(KERNEL.series());
            assertThat(guest.run("seq 1 20000 | sha256sum")).startsWith(SUM);
            assertThat(guest.run("dmesg | grep -E 'BUG|Oops|segfault|invalid opcode'")).isEmpty();
            guest.type("poweroff\n");
            assertThat(guest.awaitEnd()).isEqualTo(ShutdownReason.POWEROFF);
        }
    }
}
