package org.xenolith.maker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class HostToolsTest {
    @TempDir private Path directory;

    @Test
    void linesComeAsTheyArePrinted() throws Exception {
        var lines = new ArrayList<String>();
        new HostTools(directory).must(List.of("sh", "-c", "echo one; echo two >&2"), lines::add);
        assertThat(lines).containsExactly("one", "two");
    }

    @Test
    void aFailureSaysWhatAptSaid() {
        var script = "echo 'I: begin'; echo 'E: Unable to locate package x'; echo end; exit 3";
        assertThatThrownBy(
                        () -> new HostTools(directory).must(List.of("sh", "-c", script), _ -> {}))
                .isInstanceOf(MakeException.class)
                .hasMessage("sh: Unable to locate package x");
        assertThatThrownBy(() -> new HostTools(directory).must(List.of("no-such-tool"), _ -> {}))
                .isInstanceOf(MakeException.class)
                .hasMessageContaining("no-such-tool cannot be run");
    }

    @Test
    void whoMayNotInstallIsToldWhatToInstall() {
        var tools = List.of(new HostTools.Tool("no-such-tool", "its-package"));
        assertThatThrownBy(() -> HostTools.require(tools, false, _ -> {}))
                .isInstanceOf(MakeException.class)
                .hasMessage("install what is missing first: apt-get install its-package");
    }
}
