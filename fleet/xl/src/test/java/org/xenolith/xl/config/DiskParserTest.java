package org.xenolith.xl.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.InvalidConfigException;
import org.xenolith.images.ImageFormat;
import org.xenolith.testkit.Fuzz;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// The syntax of xl-disk-configuration(5), and its examples.
class DiskParserTest {
    private static final Path VOLUME = Path.of("/dev/vg/guest-volume");
    private static final Path ISO = Path.of("/root/image.iso");

    @Test
    void theExamplesOfTheManualAreEquivalent() {
        for (var text :
                List.of(
                        "/dev/vg/guest-volume,,hda",
                        "/dev/vg/guest-volume,raw,hda,rw",
                        "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume",
                        "raw:/dev/vg/guest-volume,hda,w")) {
            assertThat(DiskParser.parse(text)).as(text).isEqualTo(DiskConfig.raw("hda", VOLUME));
        }
        for (var text :
                List.of(
                        "/root/image.iso,,hdc,cdrom",
                        "/root/image.iso,,hdc,,cdrom",
                        "/root/image.iso,raw,hdc,devtype=cdrom",
                        "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/root/image.iso",
                        "raw:/root/image.iso,hdc:cdrom,ro")) {
            assertThat(DiskParser.parse(text))
                    .as(text)
                    .isEqualTo(DiskConfig.cdrom("hdc", Optional.of(ISO)));
        }
    }

    @Test
    void emptyDrivesHaveNoTarget() {
        for (var text :
                List.of(
                        ",hdc:cdrom,r",
                        ",,hdc,cdrom",
                        ",empty,hdc,,cdrom",
                        "vdev=hdc,cdrom",
                        "vdev=hdc,access=r,devtype=cdrom,target=")) {
            assertThat(DiskParser.parse(text))
                    .as(text)
                    .isEqualTo(DiskConfig.cdrom("hdc", Optional.empty()));
        }
    }

    @Test
    void parametersGoToThePositionsThatAreFree() {
        var expected = DiskConfig.raw("xvda", Path.of("/d")).readOnly();
        for (var text :
                List.of(
                        "/d,raw,xvda,r",
                        "vdev=xvda,/d,raw,r",
                        "access=ro,/d,,xvda",
                        "format=raw,/d,xvda,ro",
                        "/d,vdev=xvda,,ro",
                        "  /d, raw,\txvda, r",
                        "tap:aio:/d,xvda,r",
                        "no-discard,/d,,xvda,r",
                        "backendtype=qdisk,backend=0,direct-io-safe,/d,,xvda,r",
                        "phy:/d,xvda,r,")) {
            assertThat(DiskParser.parse(text)).as(text).isEqualTo(expected);
        }
        assertThat(DiskParser.parse("tap:qcow2:/d,xvda:disk,w").format())
                .isEqualTo(ImageFormat.QCOW2);
        assertThat(DiskParser.parse("/d,vhd,xvda,w").format()).isEqualTo(ImageFormat.VHD);
        assertThat(DiskParser.parse("/d,,xvda,no-discard").discard()).isFalse();
        assertThat(DiskParser.parse("/d,,xvda,discard").discard()).isTrue();
        assertThat(DiskParser.parse("/d,,xvda,sector-size=4096").sectorBytes()).isEqualTo(4096);
    }

    @Test
    void aNamedTargetTakesTheRest() {
        var disk = DiskParser.parse("vdev=xvda,format=qcow2,access=rw,target=/a, b=c,raw:d ");
        assertThat(disk.target()).contains(Path.of("/a, b=c,raw:d "));
        assertThat(DiskParser.parse(",,xvda,target=/a").target()).contains(Path.of("/a"));
    }

    @Test
    void aRelativeTargetIsAFileHereOrElseADevice(@TempDir Path directory) {
        assertThat(DiskParser.parse("vg/volume,,xvda").target())
                .contains(Path.of("/dev/vg/volume"));
        assertThat(DiskParser.parse("pom.xml,,xvda").target())
                .contains(Path.of("pom.xml").toAbsolutePath());
    }

    @Test
    void mistakesAreNamed() {
        refused("", "no target specified");
        refused("/d", "no vdev specified");
        refused("vdev=xvda", "no target specified");
        refused("/d,raw", "no vdev specified");
        refused("/d,raw,vda", "unknown value for vdev: \"vda\"");
        refused("/d,raw,xvda ,w", "unknown value for vdev: \"xvda \"");
        refused("/d,cow,xvda", "unknown value for format: \"cow\"");
        refused("/d,qcow,xvda", "format \"qcow\" is not supported");
        refused("/d,qed,xvda", "format \"qed\" is not supported");
        refused("/d,raw,xvda,x", "unknown value for access: \"x\"");
        refused("/d,raw,xvda,w,more", "too many positional parameters");
        refused("/d,raw,xvda,target=/e", "target respecified");
        refused("format=raw,format=qcow2,/d,xvda", "format respecified");
        refused("vdev=xvda,vdev=xvdb,/d", "vdev respecified");
        refused("/d,,xvda,devtype=floppy", "unknown value for devtype: \"floppy\"");
        refused("raw:/d,xvda:tape,w", "unknown value for devtype: \"tape\"");
        refused("/d,,xvda,backendtype=nbd", "unknown value for backendtype: \"nbd\"");
        refused("/d,,xvda,backend=storage", "driver domains are not supported");
        refused("/d,,xvda,script=block-x", "block scripts are not supported");
        refused("drbd:res,xvda,w", "block scripts are not supported");
        refused("nfs:/d,xvda,w", "unknown deprecated disk prefix \"nfs:\"");
        refused("/d,,xvda,specification=virtio", "only specification \"xen\" is supported");
        refused("/d,,xvda,colo", "COLO is not supported");
        refused("/d,,xvda,colo-host=h", "COLO is not supported");
        refused("/d,,xvda,untrusted", "untrusted back ends are not supported");
        refused("/d,,xvda,speed=9", "unknown parameter \"speed\"");
        refused("/d=e,,xvda", "bad disk syntax");
        refused("/d,,xvda,sector-size=1024", "sector-size must be 512 or 4096, not \"1024\"");
        refused("/d\0,,xvda", "target is not a path: Nul character not allowed");
    }

    private static void refused(String text, String reason) {
        assertThatThrownBy(() -> DiskParser.parse(text))
                .as(text)
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("disk: %s in \"%s\"".formatted(reason, text));
    }

    @Test
    @Tag("fuzz")
    void anyTextIsADiskOrRefused() {
        var words =
                List.of(
                        ",",
                        "=",
                        ":",
                        " ",
                        "raw",
                        "qcow2:",
                        "target=",
                        "vdev=",
                        "xvda",
                        "hdc:cdrom",
                        "/d",
                        "access",
                        "format=",
                        "cdrom",
                        "discard",
                        "tap:",
                        "aio:",
                        "nbd:",
                        "",
                        "\0",
                        "backend=",
                        "w",
                        "devtype=disk",
                        "x:",
                        "sector-size=",
                        "4096");
        var fuzz = new Fuzz(33, 3000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var text = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(words.get(random.nextInt(words.size())));
                text.append(random.nextBoolean() ? "," : "");
            }
            try {
                assertThat(DiskParser.parse(text.toString())).isNotNull();
            } catch (InvalidConfigException e) {
                assertThat(e.getMessage()).as(fuzz.toString()).startsWith("disk: ");
            }
        }
    }
}
