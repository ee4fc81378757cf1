package org.xenolith.guests;

import org.junit.jupiter.api.Assumptions;
import org.xenolith.images.ImageFormat;
import org.xenolith.maker.DebianMaker;
import org.xenolith.maker.GuestSpec;
import org.xenolith.maker.MakeException;
import org.xenolith.maker.Release;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What tests of whole systems have in common: which systems, how they are made, and how much is
/// done with them.
final class MadeGuest {
    static final String USER = "tester";

    private static final String PASSWORD = "a good word";
    private static final long DISK_BYTES = 4L << 30;
    private static final boolean LONG = "long".equals(System.getProperty("xenolith.system"));

    private MadeGuest() {}

    /// What `-Dxenolith.releases=bookworm,trixie` says, or one.
    static List<Release> releases() {
        return List.of(System.getProperty("xenolith.releases", "bookworm").split(",")).stream()
                .map(name -> Release.named(name).orElseThrow())
                .toList();
    }

    /// One of two amounts: the second where `-Dxenolith.system=long` says so.
    static int amount(int usual, int inLongRuns) {
        return LONG ? inLongRuns : usual;
    }

    /// Skips what is for long runs only.
    static void assumeLong() {
        Assumptions.assumeTrue(LONG, "only with -Dxenolith.system=long");
    }

    /// Makes a guest in `directory`; skips the test where none can be made.
    static GuestSpec make(Release release, Path directory, List<String> packages, boolean cloudInit)
            throws Exception {
        HostTool.assumePasst();
        HostTool.assumePresent("ssh", "e2fsck");
        Files.createDirectories(directory);
        var password = Files.writeString(directory.resolve("password"), PASSWORD + "\n");
        var spec =
                new GuestSpec(
                        release,
                        "guest-" + release.codename(),
                        "a-host",
                        DISK_BYTES,
                        ImageFormat.RAW,
                        USER,
                        Optional.empty(),
                        Optional.of(password),
                        packages,
                        directory,
                        Optional.empty(),
                        cloudInit,
                        Optional.empty(),
                        false);
        try {
            DebianMaker.make(spec, (_, _) -> {});
        } catch (MakeException e) {
            Assumptions.abort("no guest can be made here: " + e.getMessage());
        }
        return spec;
    }
}
