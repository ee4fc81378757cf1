package org.xenolith.maker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Sources of packages for a release, from those of a host of another one.
class AptSourcesTest {
    @TempDir private Path root;

    @BeforeEach
    void makeHost() throws IOException {
        put("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
    }

    private void put(String name, String text) throws IOException {
        var file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void stanzasOfTheHostsReleaseAreTranslated() throws Exception {
        put(
                "etc/apt/sources.list.d/debian.sources",
                """
                Types: deb deb-src
                # a comment
                URIs: http://mirror.test/debian
                Suites: bookworm bookworm-updates
                 bookworm-backports
                Components: main contrib
                Signed-By: /usr/share/keyrings/some.gpg

                Types: deb
                URIs: http://mirror.test/security
                Suites: bookworm-security
                Components: main

                Types: deb
                URIs: http://elsewhere.test/
                Suites: nodistro
                Components: main

                Enabled: no
                Types: deb
                URIs: http://off.test/debian
                Suites: bookworm
                Components: main
                """);
        put("etc/apt/sources.list.d/other.list.disabled", "deb http://x.test/debian bookworm main");
        var sources = new AptSources(root);
        assertThat(sources.of(Release.TRIXIE))
                .containsExactly(
                        "deb [signed-by=/usr/share/keyrings/some.gpg] http://mirror.test/debian"
                                + " trixie main",
                        "deb [signed-by=/usr/share/keyrings/some.gpg] http://mirror.test/debian"
                                + " trixie-updates main",
                        "deb http://mirror.test/security trixie-security main");
        assertThat(sources.of(Release.BOOKWORM).getLast())
                .isEqualTo("deb http://mirror.test/security bookworm-security main");
    }

    @Test
    void linesOfTheHostsReleaseAreTranslated() throws Exception {
        put(
                "etc/apt/sources.list",
                """
                # deb http://comment.test/debian bookworm main
                deb-src http://mirror.test/debian bookworm main
                deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main # why
                deb http://mirror.test/debian bookworm main
                deb cdrom:[Debian]/ stable main
                deb broken
                """);
        assertThat(new AptSources(root).of(Release.TRIXIE))
                .containsExactly(
                        "deb [signed-by=/k.gpg] http://mirror.test/debian trixie main",
                        "deb http://mirror.test/debian trixie main");
    }

    @Test
    void aHostWithoutSourcesOfItsOwnReleaseIsToldWhatToDo() throws Exception {
        put("etc/apt/sources.list", "deb http://mirror.test/debian sid main\n");
        assertThatThrownBy(() -> new AptSources(root).of(Release.TRIXIE))
                .isInstanceOf(MakeException.class)
                .hasMessageContaining("\"bookworm\"")
                .hasMessageContaining("--mirror");
        put("etc/os-release", "ID=else\n");
        assertThatThrownBy(() -> new AptSources(root).of(Release.TRIXIE))
                .isInstanceOf(MakeException.class)
                .hasMessageContaining("names no release of Debian");
        Files.delete(root.resolve("etc/os-release"));
        assertThatThrownBy(() -> new AptSources(root).of(Release.TRIXIE))
                .isInstanceOf(MakeException.class)
                .hasMessageContaining("--mirror");
    }

    @Test
    void aMirrorStandsForAll() {
        assertThat(AptSources.ofMirror("http://mirror.test/debian", Release.BOOKWORM))
                .singleElement()
                .asString()
                .endsWith("http://mirror.test/debian bookworm main");
    }
}
