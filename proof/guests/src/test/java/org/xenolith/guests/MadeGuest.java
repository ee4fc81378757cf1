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

    /// Where guests stay for later runs, as `-Dxenolith.made=DIRECTORY` says.
    private static final Optional<Path> KEPT =
            Optional.ofNullable(System.getProperty("xenolith.made"))
                    .map(name -> Path.of(name).toAbsolutePath());

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

    /// Whether `-Dxenolith.system=long` has been said.
    static boolean isLong() {
        return LONG;
    }

    /// Skips what is for long runs only.
    static void assumeLong() {
        Assumptions.assumeTrue(LONG, "only with -Dxenolith.system=long");
    }

    /// A guest in `directory`: made there, or a copy of one that is kept. Skips the test where none
    /// can be made.
    static GuestSpec make(Release release, Path directory, List<String> packages, boolean cloudInit)
            throws Exception {
        HostTool.assumePasst();
        HostTool.assumePresent("ssh", "e2fsck");
        var spec = spec(release, directory, packages, cloudInit);
        if (KEPT.isEmpty() || cloudInit) {
            make(spec);
            return spec;
        }
        var kept = keep(release, packages);
        HostTool.run(
                "cp", "--archive", "--sparse=always", kept.directory().toString(), "" + directory);
        return spec;
    }

    /// The guest that is kept, itself; made if there is none. Skips the test where none is to be
    /// kept.
    static GuestSpec keep(Release release, List<String> packages) throws Exception {
        HostTool.assumePasst();
        HostTool.assumePresent("ssh", "e2fsck", "debugfs");
        Assumptions.assumeTrue(KEPT.isPresent(), "only with -Dxenolith.made=DIRECTORY");
        var directory = KEPT.get().resolve(release.codename());
        if (!Files.isDirectory(directory)) {
            var unfinished = KEPT.get().resolve(release.codename() + ".making");
            make(spec(release, unfinished, packages, false));
            Files.move(unfinished, directory);
        }
        return spec(release, directory, packages, false);
    }

    private static void make(GuestSpec spec) throws Exception {
        Files.createDirectories(spec.directory());
        Files.writeString(spec.passwordFile().orElseThrow(), PASSWORD + "\n");
        try {
            DebianMaker.make(spec, (_, _) -> {});
        } catch (MakeException e) {
            Assumptions.abort("no guest can be made here: " + e.getMessage());
        }
    }

    private static GuestSpec spec(
            Release release, Path directory, List<String> packages, boolean cloudInit) {
        return new GuestSpec(
                release,
                "guest-" + release.codename(),
                "a-host",
                DISK_BYTES,
                ImageFormat.RAW,
                USER,
                Optional.empty(),
                Optional.of(directory.resolve("password")),
                packages,
                directory,
                Optional.empty(),
                cloudInit,
                Optional.empty(),
                true);
    }
}
