package org.xenolith.maker;

import org.xenolith.base.Entropy;
import org.xenolith.images.CreateOptions;
import org.xenolith.images.ImageCopy;
import org.xenolith.images.ImageException;
import org.xenolith.images.ImageFormat;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// Makes a Debian guest from packages: the host's mmdebstrap installs them into a tree, mke2fs
/// makes a file system of it that fills the disk, and nothing needs a boot sector, a loop device or
/// a mount. As root, or without privileges where mmdebstrap can work in a user namespace.
public final class DebianMaker {
    private static final List<String> PACKAGES =
            List.of(
                    "linux-image-cloud-amd64",
                    "initramfs-tools",
                    "lz4",
                    "systemd",
                    "systemd-sysv",
                    "systemd-resolved",
                    "systemd-timesyncd",
                    "libpam-systemd",
                    "dbus",
                    "udev",
                    "openssh-server",
                    "sudo",
                    "apt",
                    "ca-certificates",
                    "e2fsprogs",
                    "iproute2",
                    "iputils-ping",
                    "less",
                    "nano",
                    "netbase",
                    "procps");

    private static final List<HostTools.Tool> TOOLS =
            List.of(
                    new HostTools.Tool("mmdebstrap", "mmdebstrap"),
                    new HostTools.Tool("mke2fs", "e2fsprogs"),
                    new HostTools.Tool("tar", "tar"));

    private static final HostTools.Tool KEYS = new HostTools.Tool("ssh-keygen", "openssh-client");
    private static final HostTools.Tool USERS = new HostTools.Tool("newuidmap", "uidmap");

    /// Here root is the user, and the users below are those that /etc/subuid gives.
    private static final List<String> NAMESPACE =
            List.of("unshare", "--map-root-user", "--map-auto", "--mount", "--pid", "--fork");

    private static final double INSTALLED = 0.8;
    private static final double FILLED = 0.95;
    private static final int LABEL_CHARACTERS_MAX = 16;
    private static final int KIB = 1024;
    private static final int MEMORY_MIB = 512;

    private final GuestSpec spec;
    private final Progress progress;
    private final boolean root;

    private DebianMaker(GuestSpec spec, Progress progress, boolean root) {
        this.spec = spec;
        this.progress = progress;
        this.root = root;
    }

    /// Makes all files of the guest; leaves none behind if it throws.
    public static void make(GuestSpec spec, Progress progress)
            throws MakeException, ImageException, InterruptedException {
        boolean root = "root".equals(System.getProperty("user.name"));
        new DebianMaker(spec.checked(), progress, root).make();
    }

    private void make() throws MakeException, ImageException, InterruptedException {
        refuseExisting();
        var work = spec.directory().resolve("." + spec.name() + ".making");
        boolean whole = false;
        try {
            Files.createDirectories(spec.directory());
            requireTools();
            remove(work); // left behind by a run that was killed
            Files.createDirectory(work);
            make(work);
            whole = true;
            progress.at("Done", 1);
        } catch (IOException e) {
            throw new MakeException("cannot write to " + spec.directory() + ": " + e, e);
        } finally {
            removeQuietly(work);
            if (!whole) {
                made().forEach(DebianMaker::removeQuietly);
            }
        }
    }

    private List<Path> made() {
        var files = new ArrayList<>(List.of(spec.image(), spec.config()));
        if (spec.publicKey().isEmpty()) {
            files.add(spec.privateKey());
            files.add(spec.file(".key.pub"));
        }
        if (spec.cloudInit()) {
            files.add(spec.seed());
        }
        return files;
    }

    private void refuseExisting() throws MakeException {
        for (var file : made()) {
            if (Files.exists(file) && !spec.replace()) {
                throw new MakeException(file + " is there; --force overwrites it");
            }
            if (Files.isDirectory(file)) {
                throw new MakeException(file + " is a directory");
            }
        }
    }

    private void requireTools() throws MakeException, InterruptedException {
        var tools = new ArrayList<>(TOOLS);
        if (spec.publicKey().isEmpty()) {
            tools.add(KEYS);
        }
        if (spec.cloudInit()) {
            tools.add(Seed.TOOL);
        }
        if (!root) {
            tools.add(USERS);
        }
        HostTools.require(tools, root, what -> progress.at(what, 0));
    }

    // ---------------------------------------------------------------- the steps

    private void make(Path work)
            throws MakeException, ImageException, IOException, InterruptedException {
        var tools = new HostTools(work);
        var uuid = randomUuid();
        var keys = authorizedKeys(tools, work);
        var password = password();
        new GuestFiles(spec, uuid, work).write(keys, password);
        var tree = work.resolve("tree.tar");
        tools.must(install(work, tree), new InstallProgress(progress, INSTALLED));
        progress.at("Making the file system", INSTALLED);
        var raw = work.resolve("disk.img");
        tools.must(makeFileSystem(work, tree, raw, uuid), _ -> {});
        progress.at("Writing the image", FILLED);
        writeImage(raw);
        if (spec.cloudInit()) {
            removeQuietly(spec.seed());
            new Seed(spec, uuid.toString()).write(tools, work, keys, password);
        }
        Files.writeString(spec.config(), configText());
    }

    private List<String> install(Path work, Path tree) throws MakeException, IOException {
        var sources =
                spec.mirror().isPresent()
                        ? AptSources.ofMirror(spec.mirror().get(), spec.release())
                        : new AptSources(Path.of("/")).of(spec.release());
        var list = Files.write(work.resolve("sources.list"), sources);
        var packages = new ArrayList<>(PACKAGES);
        packages.addAll(spec.packages());
        if (spec.cloudInit()) {
            packages.add("cloud-init");
        }
        return asRoot(
                "mmdebstrap",
                "--verbose",
                "--mode=root",
                "--variant=minbase",
                "--format=tar",
                "--include=" + String.join(",", packages),
                "--essential-hook=" + quoted(work.resolve("before-packages.sh")) + " \"$1\"",
                "--customize-hook=" + quoted(work.resolve("after-packages.sh")) + " \"$1\"",
                spec.release().codename(),
                tree.toString(),
                list.toString());
    }

    private List<String> makeFileSystem(Path work, Path tree, Path image, UUID uuid) {
        var label = spec.name();
        return asRoot(
                work.resolve("make-file-system.sh").toString(),
                tree.toString(),
                image.toString(),
                Long.toString(spec.diskBytes() / KIB),
                uuid.toString(),
                label.substring(0, Math.min(label.length(), LABEL_CHARACTERS_MAX)));
    }

    /// Where this user is not root, a command runs in a namespace in which it is.
    private List<String> asRoot(String... words) {
        return Stream.concat(root ? Stream.empty() : NAMESPACE.stream(), Stream.of(words)).toList();
    }

    private static String quoted(Path path) {
        return "'" + path.toString().replace("'", "'\\''") + "'";
    }

    private void writeImage(Path raw) throws ImageException, IOException {
        removeQuietly(spec.image());
        if (spec.format() == ImageFormat.RAW) {
            Files.move(raw, spec.image(), StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        var options = CreateOptions.of(spec.format(), spec.diskBytes());
        try (var source = Images.open(raw, OpenOptions.reading().as(ImageFormat.RAW))) {
            ImageCopy.convert(
                    source,
                    spec.image(),
                    options,
                    false,
                    (done, all) -> progress.at("Writing the image", imagePart(done, all)));
        }
    }

    private static double imagePart(long done, long all) {
        return FILLED + (1 - FILLED) * done / Math.max(1, all);
    }

    // ---------------------------------------------------------------- who may log in

    private List<String> authorizedKeys(HostTools tools, Path work)
            throws MakeException, IOException, InterruptedException {
        if (spec.publicKey().isPresent()) {
            return keysIn(spec.publicKey().get());
        }
        var made = work.resolve("key");
        tools.must(
                List.of(
                        "ssh-keygen",
                        "-q",
                        "-t",
                        "ed25519",
                        "-N",
                        "",
                        "-C",
                        spec.user() + "@" + spec.hostname(),
                        "-f",
                        made.toString()),
                _ -> {});
        Files.move(made, spec.privateKey(), StandardCopyOption.REPLACE_EXISTING);
        var half = spec.file(".key.pub");
        Files.move(work.resolve("key.pub"), half, StandardCopyOption.REPLACE_EXISTING);
        return keysIn(half);
    }

    private static List<String> keysIn(Path file) throws MakeException, IOException {
        if (!Files.isRegularFile(file)) {
            throw new MakeException(file + " is not a file with a public key");
        }
        var keys =
                Files.readAllLines(file).stream()
                        .filter(line -> !line.isBlank() && !line.startsWith("#"))
                        .toList();
        if (keys.isEmpty() || keys.stream().anyMatch(key -> key.contains("PRIVATE KEY"))) {
            throw new MakeException(file + " has no public key");
        }
        return keys;
    }

    private Optional<String> password() throws MakeException, IOException {
        if (spec.passwordFile().isEmpty()) {
            return Optional.empty();
        }
        var file = spec.passwordFile().get();
        if (!Files.isReadable(file)) {
            throw new MakeException(file + " cannot be read");
        }
        try (var lines = Files.lines(file)) {
            var first = lines.findFirst().orElse("");
            if (first.isEmpty()) {
                throw new MakeException(file + " has no password in its first line");
            }
            return Optional.of(first);
        }
    }

    // ---------------------------------------------------------------- the rest

    private String configText() {
        var seed =
                spec.cloudInit()
                        ? ",\n         'format=raw, vdev=xvdb, access=ro, target=%s'"
                                .formatted(spec.seed().toAbsolutePath())
                        : "";
        return """
        # Debian %s, made by xl guest debian. Try: xl create -c %s

        name = "%s"
        type = "pvh"
        bootloader = "pygrub"
        memory = %d
        vcpus = 1
        disk = [ 'format=%s, vdev=xvda, access=rw, target=%s'%s ]
        # The world, and ssh at port 2222 of this host, where passt is installed:
        # vif = [ 'passt,forward=tcp:2222:22' ]

        on_reboot = "restart"
        on_crash = "destroy"
        """
                .formatted(
                        spec.release().codename(),
                        spec.config(),
                        spec.name(),
                        MEMORY_MIB,
                        spec.format().spelling(),
                        spec.image().toAbsolutePath(),
                        seed);
    }

    private static UUID randomUuid() {
        var entropy = Entropy.system();
        long high = entropy.nextLong() & ~0xF000L | 0x4000L;
        long low = entropy.nextLong() & ~(3L << 62) | 2L << 62;
        return new UUID(high, low);
    }

    private static void remove(Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        try (var files = Files.walk(file)) {
            for (var one : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(one);
            }
        }
    }

    /// What cannot be removed stays: the reason for which this is called counts more.
    private static void removeQuietly(Path file) {
        try {
            remove(file);
        } catch (IOException _) {
            // As said.
        }
    }
}
