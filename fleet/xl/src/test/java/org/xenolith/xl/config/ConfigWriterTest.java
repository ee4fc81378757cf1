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
}
