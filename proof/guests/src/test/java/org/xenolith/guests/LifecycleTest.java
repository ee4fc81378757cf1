package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.xenolith.board.DomainState;
import org.xenolith.xen.ShutdownReason;

/// What the host asks of a running Debian guest, by xenstore.
class LifecycleTest {
    @Test
    void aGuestIsPausedRebootedAndShutDown() throws Exception {
        var missing = DebianKernel.CLOUD.missing().orElse(null);
        Assumptions.assumeTrue(missing == null, missing);
        try (var guest = Guest.boot(DebianKernel.CLOUD.config(2).build())) {
            guest.run("touch /tmp/mark");
            guest.domain().pause();
            assertThat(guest.domain().state()).isEqualTo(DomainState.PAUSED);
            guest.domain().unpause();
            assertThat(guest.run("ls /tmp")).isEqualTo("mark");

            guest.domain().reboot();
            guest.awaitPrompt(); // of the last command
            guest.awaitPrompt();
            assertThat(guest.run("ls /tmp")).isEmpty();

            guest.domain().shutdown();
            assertThat(guest.awaitEnd()).isEqualTo(ShutdownReason.POWEROFF);
        }
    }
}
