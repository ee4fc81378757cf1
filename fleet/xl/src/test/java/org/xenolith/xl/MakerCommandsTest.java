package org.xenolith.xl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What `xl guest debian` refuses before it makes anything, and how its progress is shown.
class MakerCommandsTest {
    @TempDir private Path root;
    private RuntimeDirectory runtime;
    private String err;

    @BeforeEach
    void open() throws Exception {
        runtime = RuntimeDirectory.open(root.resolve("run"));
    }

    private int debian(String... words) {
        var out = new PrintStream(new ByteArrayOutputStream());
        var errBytes = new ByteArrayOutputStream();
        var all = new ArrayList<>(List.of("guest", "debian", "--output=" + root));
        all.addAll(List.of(words));
        int code = Main.run(all, () -> runtime, out, new PrintStream(errBytes));
        err = errBytes.toString();
        return code;
    }

    @Test
    void wordsThatMeanNothingAreMisuse() {
        assertThat(debian("--release=sid")).isEqualTo(Main.MISUSED);
        assertThat(err).contains("unknown release \"sid\"");
        assertThat(debian("--format=vmdk")).isEqualTo(Main.MISUSED);
        assertThat(err).contains("unknown format \"vmdk\"");
        assertThat(debian("--disk=large")).isEqualTo(Main.MISUSED);
        assertThat(debian("operand")).isEqualTo(Main.MISUSED);
    }

    @Test
    void guestsThatCannotBeAreRefused() throws Exception {
        assertThat(debian("--disk=1M")).isEqualTo(Main.FAILED);
        assertThat(err).contains("from 1 GiB");
        assertThat(debian("--user=root")).isEqualTo(Main.FAILED);
        assertThat(debian("--user-data=file")).isEqualTo(Main.FAILED);
        assertThat(err).contains("cloud-init");
        Files.writeString(root.resolve("trixie.cfg"), "mine");
        assertThat(debian()).isEqualTo(Main.FAILED);
        assertThat(err).contains("trixie.cfg is there; --force overwrites it");
        assertThat(root.resolve("trixie.cfg")).hasContent("mine");
    }

    @Test
    void progressIsALineOnATerminalAndLinesElsewhere() {
        var bytes = new ByteArrayOutputStream();
        var bar = new ProgressBar(new PrintStream(bytes), true);
        bar.at("Fetching", 0.5);
        bar.at("Fetching", 0.501);
        bar.end();
        assertThat(bytes.toString())
                .startsWith("\r[###############...............]  50 %  Fetching")
                .endsWith(System.lineSeparator());
        assertThat(bytes.toString().chars().filter(c -> c == '\r')).hasSize(1);
        bytes.reset();
        var lines = new ProgressBar(new PrintStream(bytes), false);
        lines.at("Fetching", 0.1);
        lines.at("Fetching", 0.2);
        lines.at("Installing", 0.3);
        lines.end();
        assertThat(bytes.toString().lines())
                .containsExactly("xl: Fetching (10 %)", "xl: Installing (30 %)");
    }
}
