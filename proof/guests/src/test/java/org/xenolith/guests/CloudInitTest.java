package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.maker.Release;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The seed that `xl guest debian --cloud-init` makes is honoured: a system that is told by nothing
/// else has its user, its keys and its name after the first boot, and takes the seed once.
///
/// Only with `-Dxenolith.system=long`: cloud-init is a great deal of Python.
@Tag("slow")
class CloudInitTest {
    @TempDir private static Path root;

    static List<Release> releases() {
        return MadeGuest.releases();
    }

    @ParameterizedTest
    @MethodSource("releases")
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void aSeedSaysWhatAGuestIsToBe(Release release) throws Exception {
        MadeGuest.assumeLong();
        var spec = MadeGuest.make(release, root.resolve(release.codename()), List.of(), true);
        // Nothing on the disk does what the seed is to do.
        assertThat(HostTool.run("debugfs", "-R", "cat /etc/passwd", spec.image().toString()))
                .contains("root:")
                .doesNotContain(MadeGuest.USER);
        try (var system = DebianSystem.boot(spec)) {
            System.out.println(release + " has taken its seed after " + system.bootTime());
            assertTaken(system);
            assertThat(system.run("cat /run/cloud-init/result.json")).contains("NoCloud");
            assertThat(system.ssh().run("id -un; sudo id -un; hostname"))
                    .isEqualTo(MadeGuest.USER + "\nroot\na-host");
            var modules = "sudo ls /var/lib/cloud/instance/sem | sort; cat /etc/ssh/*.pub | sum";
            var before = system.run(modules);
            system.reboot("sudo reboot");
            assertTaken(system);
            assertThat(system.run(modules)).isEqualTo(before);
            assertThat(system.end("sudo poweroff")).isEqualTo("POWEROFF");
        }
    }

    private static void assertTaken(DebianSystem system) throws Exception {
        system.run("cloud-init status --wait"); // and what it says at the console meanwhile
        assertThat(system.run("cloud-init status")).startsWith("status: done");
        assertThat(system.stateAfterStart()).isEqualTo("running");
        assertThat(system.run("systemctl --failed --no-legend --plain | cat")).isEmpty();
    }
}
