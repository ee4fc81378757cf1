package org.xenolith.xl.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.EngineChoice;
import org.xenolith.board.Limits;
import org.xenolith.board.MemoryAccess;
import org.xenolith.board.ShutdownAction;
import org.xenolith.board.ShutdownActions;
import org.xenolith.boot.PygrubOptions;
import org.xenolith.images.ImageFormat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class ConfigWriterTest {
    private static void isReadAsItWasWritten(DomainConfig config) throws ConfigException {
        var text = ConfigWriter.text(config);
        var result = ConfigReader.read("written", text);
        assertThat(result.config()).as(text).isEqualTo(config);
        assertThat(result.warnings()).isEmpty();
    }

    @Test
    void aConfigurationIsReadAsItWasWritten() throws ConfigException {
        isReadAsItWasWritten(
                DomainConfig.builder("plain")
                        .kernel("/boot/vmlinuz")
                        .memoryAccess(MemoryAccess.UNCHECKED)
                        .build());
        isReadAsItWasWritten(
                DomainConfig.builder("it's \"all\" of \\ it")
                        .kernel("kit:linux-image-cloud-amd64")
                        .ramdisk("/a file/with 'quotes\" and \u00FC\u4E2D")
                        .commandLine("console=hvc0 a=\"b c\" d='e' \\x")
                        .memoryMib(512)
                        .maxMemoryMib(1024)
                        .vcpus(2)
                        .maxVcpus(4)
                        .actions(
                                new ShutdownActions(
                                        ShutdownAction.PRESERVE,
                                        ShutdownAction.DESTROY,
                                        ShutdownAction.RESTART,
                                        ShutdownAction.COREDUMP_DESTROY,
                                        ShutdownAction.SOFT_RESET))
                        .limits(new Limits(7, 8, 1, 4095))
                        .engine(EngineChoice.SOFT)
                        .memoryAccess(MemoryAccess.CHECKED)
                        .deterministic(-5)
                        .disks(
                                List.of(
                                        DiskConfig.raw("xvda", Path.of("/disks/a, b=c.img")),
                                        DiskConfig.of("sdb", ImageFormat.QCOW2, Path.of("/q"))
                                                .withSectorBytes(4096),
                                        DiskConfig.of("xvdc", ImageFormat.VHD, Path.of("/v"))
                                                .readOnly(),
                                        DiskConfig.cdrom("hdd", Optional.empty()),
                                        DiskConfig.cdrom("xvde", Optional.of(Path.of("/iso")))))
                        .build());
    }

    @Test
    void whatComesFromTheGuestsDiskComesFromThereAgain() throws Exception {
        for (var words :
                List.of(
                        List.<String>of(),
                        List.of("--entry=Debian, \"old\"", "--args=a b", "--offset=1048576"),
                        List.of("--kernel=/vmlinuz", "--ramdisk=/initrd.img"))) {
            isReadAsItWasWritten(
                    DomainConfig.builder("upgraded")
                            .bootloader(PygrubOptions.parse(words))
                            .commandLine("quiet")
                            .memoryAccess(MemoryAccess.UNCHECKED)
                            .disks(List.of(DiskConfig.raw("xvda", Path.of("/disk"))))
                            .build());
        }
    }

    @Test
    void networkInterfacesAreReadAsTheyWereWritten() throws ConfigException {
        var specifications =
                List.of(
                        "",
                        "bridge=br1,vifname=web0,ip=10.0.0.2 10.0.0.3,rate=10Mb/s@20ms",
                        "network=lab,mtu=9000,devid=9,untrusted,mac=00:16:3e:74:3d:76",
                        "passt",
                        "passt,reaches-host,forward=tcp:2222:22,forward=udp:53,"
                                + "forward=tcp:127.0.0.1:8000-8010:80-90,forward=udp:[::1]:7:9,"
                                + "ip=10.0.2.15/24 fd00::2/64,gateway=10.0.2.2 fd00::1",
                        "rate=8b/s@4s",
                        "rate=70Kb/s@999us",
                        "rate=4294967295Kb/s",
                        "rate=999999999KB/s@1us",
                        "rate=3GB/s@4000s",
                        "rate=4294967295GB/s@1us");
        isReadAsItWasWritten(
                DomainConfig.builder("connected")
                        .kernel("/boot/vmlinuz")
                        .memoryAccess(MemoryAccess.UNCHECKED)
                        .vifs(specifications.stream().map(VifParser::parse).toList())
                        .build());
    }
}
