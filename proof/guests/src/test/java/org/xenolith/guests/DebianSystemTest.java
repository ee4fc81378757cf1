package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.boot.PygrubOptions;
import org.xenolith.images.ImageFormat;
import org.xenolith.maker.DebianMaker;
import org.xenolith.maker.GuestSpec;
import org.xenolith.maker.MakeException;
import org.xenolith.maker.Release;
import org.xenolith.xen.ShutdownReason;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The system that `xl guest debian` makes: it boots from its own disk to its login with nothing
/// failed, starts what its disk says at the next boot, and leaves a clean file system.
@Tag("slow")
class DebianSystemTest {
    private static final String USER = "tester";
    private static final String PASSWORD = "a good word";
    private static final String MARK = "mark.of.the.second.boot";

    @TempDir private Path root;

    /// `-Dxenolith.releases=bookworm,trixie` says which; one of them in the normal run.
    private static List<Release> releases() {
        return List.of(System.getProperty("xenolith.releases", "bookworm").split(",")).stream()
                .map(name -> Release.named(name).orElseThrow())
                .toList();
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void aMadeSystemRunsAndStartsWhatItsDiskSays() throws Exception {
        for (var release : releases()) {
            var spec = spec(release);
            try {
                DebianMaker.make(spec, (_, _) -> {});
            } catch (MakeException e) {
                Assumptions.abort("no guest can be made here: " + e.getMessage());
            }
            run(spec);
        }
    }

    private GuestSpec spec(Release release) throws Exception {
        var password = Files.writeString(root.resolve("password"), PASSWORD + "\n");
        return new GuestSpec(
                release,
                "guest-" + release.codename(),
                "a-host",
                2L << 30,
                ImageFormat.RAW,
                USER,
                Optional.empty(),
                Optional.of(password),
                List.of(),
                root,
                Optional.empty(),
                false,
                Optional.empty(),
                false);
    }

    private void run(GuestSpec spec) throws Exception {
        try (var guest = Guest.boot(config(spec), CompilerChoice.ON, USER, PASSWORD)) {
            System.out.println(spec.release() + " boots to its login in " + guest.bootTime());
            assertWhole(guest);
            assertThat(guest.run("cat /etc/os-release"))
                    .contains("VERSION_CODENAME=" + spec.release().codename());
            assertThat(guest.run("cat /proc/cmdline")).doesNotContain(MARK);
            guest.run("sudo sed -i 's/=\"quiet\"/=\"quiet " + MARK + "\"/' /etc/default/grub");
            guest.run("sudo pygrub-config");
            // Nothing is unmounted: what the next boot needs may be in the journal only.
            guest.begin("sync; sudo reboot --force --force");
            guest.login(USER, PASSWORD);
            assertThat(guest.run("cat /proc/cmdline")).contains(MARK);
            assertWhole(guest);
            guest.begin("sudo poweroff");
            assertThat(guest.awaitEnd()).isEqualTo(ShutdownReason.POWEROFF);
        }
        assertClean(spec.image());
    }

    private static DomainConfig config(GuestSpec spec) {
        return DomainConfig.builder(spec.name())
                .bootloader(PygrubOptions.NONE)
                .memoryMib(512)
                .disks(List.of(DiskConfig.raw("xvda", spec.image())))
                .build();
    }

    private static void assertWhole(Guest guest) throws Exception {
        assertThat(guest.run("systemctl is-system-running --wait")).isEqualTo("running");
        assertThat(guest.run("systemctl --failed --no-legend --plain | cat")).isEmpty();
        assertThat(guest.run("systemctl is-active multi-user.target ssh serial-getty@hvc0"))
                .isEqualTo("active\nactive\nactive");
        assertThat(guest.run("hostname; id -un; sudo id -un"))
                .isEqualTo("a-host\n" + USER + "\nroot");
    }

    private void assertClean(Path image) throws Exception {
        var log = root.resolve("fsck.log");
        var check =
                new ProcessBuilder("/usr/sbin/e2fsck", "-f", "-n", image.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertThat(check.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(check.exitValue()).as(Files.readString(log)).isZero();
    }
}
