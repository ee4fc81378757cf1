package org.xenolith.xl;

import static org.xenolith.xl.Option.flag;
import static org.xenolith.xl.Option.with;

import org.xenolith.images.ImageException;
import org.xenolith.images.ImageFormat;
import org.xenolith.maker.DebianMaker;
import org.xenolith.maker.GuestSpec;
import org.xenolith.maker.MakeException;
import org.xenolith.maker.Release;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// `xl guest ...`.
final class MakerCommands {
    private static final String RELEASE_USUAL = "trixie";
    private static final String DISK_USUAL = "4G";
    private static final String USER_USUAL = "debian";

    static final List<Verb> ROWS =
            List.of(
                    new Verb(
                            "guest debian",
                            "Make a Debian guest from packages: a disk and its configuration",
                            "[options]",
                            0,
                            0,
                            List.of(
                                    with(
                                            'r',
                                            "release",
                                            "NAME",
                                            "trixie (default) or bookworm, or their numbers."),
                                    with(
                                            'n',
                                            "name",
                                            "NAME",
                                            "Of the domain and its files; the release unless set."),
                                    with("disk", "SIZE", "Size of the disk; 4G unless set."),
                                    with(
                                            'f',
                                            "format",
                                            "FORMAT",
                                            "Of the image: qcow2 (default), raw or vhd."),
                                    with(
                                            "output",
                                            "DIRECTORY",
                                            "Where the files are put; here unless set."),
                                    with("hostname", "NAME", "The domain's name unless set."),
                                    with(
                                            "user",
                                            "NAME",
                                            "Who may log in and use sudo; debian unless set."),
                                    with(
                                            "ssh-key",
                                            "FILE",
                                            "The user's public key; a pair is made unless set."),
                                    with(
                                            "password-file",
                                            "FILE",
                                            "The user's password in its first line. Without it the"
                                                    + " console asks for none."),
                                    with(
                                            "packages",
                                            "NAME,...",
                                            "To install beside the usual ones."),
                                    with(
                                            "mirror",
                                            "URL",
                                            "Where packages come from; from where this host has its"
                                                    + " own unless set."),
                                    flag(
                                            "cloud-init",
                                            "Install cloud-init, and make a seed for it."),
                                    with(
                                            "user-data",
                                            "FILE",
                                            "The seed's user-data, with --cloud-init."),
                                    flag("force", "Overwrite files that are there.")),
                            MakerCommands::debian));

    private MakerCommands() {}

    private static int debian(Session session, Arguments arguments)
            throws UsageException, ImageException, InterruptedException {
        var spec = spec(arguments);
        var bar = new ProgressBar(session.err(), ProgressBar.isTerminal());
        try {
            DebianMaker.make(spec, bar);
        } catch (MakeException e) {
            bar.end();
            session.err().println("xl: " + e.getMessage());
            return Main.FAILED;
        }
        bar.end();
        session.out().printf("Disk           %s%n", spec.image());
        session.out().printf("Configuration  %s%n", spec.config());
        if (spec.publicKey().isEmpty()) {
            session.out().printf("Key            %s%n", spec.privateKey());
        }
        if (spec.cloudInit()) {
            session.out().printf("Seed           %s%n", spec.seed());
        }
        session.out().printf("Start it:      xl create -c %s%n", spec.config());
        session.out().printf("Reach it:      %s, once \"vif\" is no comment there%n", ssh(spec));
        return 0;
    }

    /// As the line for a network in the configuration forwards it.
    private static String ssh(GuestSpec spec) {
        var key = spec.publicKey().isEmpty() ? "-i " + spec.privateKey() + " " : "";
        return "ssh %s-p 2222 %s@localhost".formatted(key, spec.user());
    }

    private static GuestSpec spec(Arguments arguments) throws UsageException {
        var releaseName = arguments.value("release").orElse(RELEASE_USUAL);
        var release =
                Release.named(releaseName)
                        .orElseThrow(() ->
                                new UsageException("unknown release \"" + releaseName + "\""));
        var formatName = arguments.value("format").orElse(ImageFormat.QCOW2.spelling());
        var format =
                ImageFormat.named(formatName)
                        .orElseThrow(
                                () -> new UsageException("unknown format \"" + formatName + "\""));
        var name = arguments.value("name").orElse(release.codename());
        return new GuestSpec(
                release,
                name,
                arguments.value("hostname").orElse(name),
                ByteSize.parse(arguments.value("disk").orElse(DISK_USUAL)),
                format,
                arguments.value("user").orElse(USER_USUAL),
                path(arguments, "ssh-key"),
                path(arguments, "password-file"),
                packages(arguments),
                path(arguments, "output").orElse(Path.of("")).toAbsolutePath(),
                arguments.value("mirror"),
                arguments.has("cloud-init"),
                path(arguments, "user-data"),
                arguments.has("force"));
    }

    private static List<String> packages(Arguments arguments) {
        return arguments.values("packages").stream()
                .flatMap(value -> Stream.of(value.split(",")))
                .filter(one -> !one.isEmpty())
                .toList();
    }

    private static Optional<Path> path(Arguments arguments, String key) throws UsageException {
        try {
            return arguments.value(key).map(Path::of);
        } catch (InvalidPathException e) {
            throw new UsageException("not a file name: " + e.getInput());
        }
    }
}
