package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.board.DomainState;
import org.xenolith.board.ShutdownAction;
import org.xenolith.board.ShutdownActions;
import org.xenolith.board.Xenolith;

import java.util.concurrent.TimeUnit;

/// A deterministic machine boots a Debian kernel, computes on two vCPUs and turns itself off, and
/// does so again in exactly the same way.
class DeterministicTest {
    private static final ShutdownActions KEEP =
            new ShutdownActions(
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE);

    private static final String WORK =
            ("mount -t proc proc /proc; mount -t devtmpfs dev /dev;"
                            + "seq 1 3000 | md5sum & seq 1 3000 | sha1sum; wait;"
                            + " head -c 16 /dev/urandom | md5sum; cat /proc/uptime; sleep 2;"
                            + " cat /proc/interrupts; poweroff -f")
                    .replaceAll("(^|[;|&] ?)(?=[a-z])(?!wait)", "$1/bin/busybox ");

    private record Outcome(String console, String fingerprint) {}

    private static Outcome run(long seed) throws Exception {
        var config =
                DebianKernel.CLOUD
                        .config(2)
                        .memoryMib(256)
                        .commandLine("console=hvc0 quiet rdinit=/bin/sh -- -c \"" + WORK + "\"")
                        .actions(KEEP)
                        .deterministic(seed)
                        .build();
        try (var domain = Xenolith.create(config)) {
            while (domain.state() != DomainState.SHUTDOWN) {
                assertThat(domain.state()).isNotEqualTo(DomainState.CRASHED);
                TimeUnit.MILLISECONDS.sleep(10);
            }
            return new Outcome(domain.console().text(), domain.fingerprint());
        }
    }

    @Test
    @Timeout(600)
    void twoRunsWithTheSameSeedEndInTheSameMemory() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        Assumptions.assumeTrue(missing.isEmpty(), missing.orElse(""));
        var first = run(1);
        System.out.println(first.console());
        assertThat(first.console()).contains("Hypervisor callback interrupts");
        var second = run(1);
        assertThat(second.console()).isEqualTo(first.console());
        assertThat(second.fingerprint()).isEqualTo(first.fingerprint());
        assertThat(run(2).fingerprint()).isNotEqualTo(first.fingerprint());
    }
}
