package org.xenolith.maker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.images.ImageFormat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Which guests are refused before anything is done.
class GuestSpecTest {
    @TempDir private Path directory;

    private GuestSpec spec(
            String name, String hostname, String user, long bytes, String... packages) {
        return new GuestSpec(
                Release.TRIXIE,
                name,
                hostname,
                bytes,
                ImageFormat.QCOW2,
                user,
                Optional.empty(),
                Optional.empty(),
                List.of(packages),
                directory,
                Optional.empty(),
                false,
                Optional.empty(),
                false);
    }

    @Test
    void filesHaveTheGuestsName() throws Exception {
        var spec = spec("web-1", "web.example", "debian", 1L << 32, "vim", "g++").checked();
        assertThat(spec.image()).isEqualTo(directory.resolve("web-1.qcow2"));
        assertThat(spec.config()).isEqualTo(directory.resolve("web-1.cfg"));
        assertThat(spec.privateKey()).isEqualTo(directory.resolve("web-1.key"));
    }

    @Test
    void whatCouldMeanSomethingElseIsRefused() {
        long size = 1L << 32;
        refused(spec("../web", "web", "debian", size), "name \"../web\"");
        refused(spec("a b", "web", "debian", size), "name");
        refused(spec("42", "web", "debian", size), "name");
        refused(spec("web", "-web", "debian", size), "hostname");
        refused(spec("web", "web..x", "debian", size), "hostname");
        refused(spec("web", "web", "root", size), "user \"root\"");
        refused(spec("web", "web", "x;reboot", size), "user");
        refused(spec("web", "web", "debian", size, "vim", "--help"), "package \"--help\"");
        refused(spec("web", "web", "debian", size, "a,b"), "package");
        refused(spec("web", "web", "debian", size + 1), "whole MiB");
        refused(spec("web", "web", "debian", 1 << 20), "from 1 GiB");
    }

    private static void refused(GuestSpec spec, String reason) {
        assertThatThrownBy(spec::checked)
                .isInstanceOf(MakeException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void filesThatAreThereAreLeftAlone() throws Exception {
        var image = Files.writeString(directory.resolve("web.qcow2"), "precious");
        assertThatThrownBy(() ->
                        DebianMaker.make(spec("web", "web", "debian", 1L << 32), (_, _) -> {}))
                .isInstanceOf(MakeException.class)
                .hasMessageContaining("--force");
        assertThat(image).hasContent("precious");
        assertThat(directory).isDirectoryNotContaining(file -> !file.equals(image));
    }
}
