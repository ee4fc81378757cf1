package org.xenolith.boot;

import org.tukaani.xz.XZInputStream;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;

/// The guest kit: a kernel and a small initramfs with a shell, made from packages of the host's own
/// distribution and kept in a cache, so that a first guest needs nothing but apt.
///
/// In a configuration, `kernel = "kit:PACKAGE"` names a kernel package, for instance
/// `kit:linux-image-cloud-amd64`, `kit:linux-image-amd64` or `kit:linux-image-6.12-cloud-amd64`; a
/// meta-package stands for what it depends on, and a series for its newest kernel. `ramdisk =
/// "kit:"` is the initramfs for that kernel, `kit:PACKAGE` the one for another.
///
/// What is cached stays as it is; it is fetched anew when its directory is removed. Several
/// processes and threads may use one cache.
public final class GuestKit {
    /// What values of `kernel` and `ramdisk` begin with if they mean the kit.
    public static final String SCHEME = "kit:";

    /// Modules that the initramfs loads when it starts.
    static final Set<String> LOADED_MODULES = Set.of("xen-blkfront", "xen-netfront");

    /// All modules that the initramfs carries, where they are not built in.
    private static final Set<String> MODULES =
            Set.of(
                    "xen-blkfront",
                    "xen-netfront",
                    "ext4",
                    "jbd2",
                    "mbcache",
                    "crc16",
                    "crc32c-generic");

    /// Part of the cache's path: a new layout or initramfs gets a new number.
    private static final String FORMAT = "2";

    private static final int FILE_BYTES_MAX = 256 << 20;
    private static final String KERNEL = "vmlinuz";
    private static final String RAMDISK = "initramfs.cpio";

    /// Makes the threads of this JVM take turns; file locks do so for processes only.
    private static final Object TURN = new Object();

    private final Path cache;
    private final Consumer<String> progress;
    private final String tools;

    /// A kit that keeps its files below `cache` and tells in lines what it does.
    public GuestKit(Path cache, Consumer<String> progress) {
        this(cache, progress, "");
    }

    /// `tools` is put before the names of the host's tools.
    GuestKit(Path cache, Consumer<String> progress, String tools) {
        this.cache = cache.toAbsolutePath().resolve(FORMAT);
        this.progress = progress;
        this.tools = tools;
    }

    /// The user's kit, in `$XDG_CACHE_HOME/xenolith/kit` or `~/.cache/xenolith/kit`.
    public static GuestKit ofUser(Map<String, String> environment, Consumer<String> progress) {
        var configured = environment.getOrDefault("XDG_CACHE_HOME", "");
        var base =
                configured.startsWith("/")
                        ? Path.of(configured)
                        : Path.of(System.getProperty("user.home"), ".cache");
        return new GuestKit(base.resolve("xenolith").resolve("kit"), progress);
    }

    /// A kernel and its initramfs in the cache.
    public record Guest(Path kernel, Path ramdisk) {}

    /// Files to boot from.
    public record BootFiles(Path kernel, Optional<Path> ramdisk) {}

    /// Whether a configuration's value means the kit.
    public static boolean isMeant(String value) {
        return value.startsWith(SCHEME);
    }

    /// Turns a configuration's `kernel` and `ramdisk` into files; paths stay what they are. May
    /// download. Refusals name the value and the reason.
    public BootFiles resolve(String kernel, Optional<String> ramdisk) throws BootException {
        var kernelFile = isMeant(kernel) ? fetch(packageOf(kernel)).kernel() : Path.of(kernel);
        if (ramdisk.isEmpty() || !isMeant(ramdisk.get())) {
            return new BootFiles(kernelFile, ramdisk.map(Path::of));
        }
        var value = ramdisk.get();
        if (value.equals(SCHEME) && !isMeant(kernel)) {
            throw new BootException(
                    "ramdisk \"kit:\" goes with a kernel of the kit; name a package, as in"
                            + " \"kit:linux-image-cloud-amd64\"");
        }
        var name = packageOf(value.equals(SCHEME) ? kernel : value);
        return new BootFiles(kernelFile, Optional.of(fetch(name).ramdisk()));
    }

    private static String packageOf(String value) throws BootException {
        var name = value.substring(SCHEME.length());
        if (name.isEmpty()) {
            throw new BootException(
                    "kernel \"kit:\" needs a package, as in \"kit:linux-image-cloud-amd64\"");
        }
        return name;
    }

    /// The kernel of a package and an initramfs for it, from the cache or else from apt.
    public Guest fetch(String packageName) throws BootException {
        if (!Apt.isName(packageName)) {
            throw new BootException(SCHEME + packageName + ": not a package name");
        }
        var directory = cache.resolve(packageName);
        var guest = new Guest(directory.resolve(KERNEL), directory.resolve(RAMDISK));
        if (Files.isDirectory(directory)) {
            return guest;
        }
        try {
            make(packageName, directory);
            return guest;
        } catch (BootException e) {
            throw new BootException(SCHEME + packageName + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new BootException(
                    "%s%s: cannot write the cache %s: %s"
                            .formatted(SCHEME, packageName, cache, reason(e)),
                    e);
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private void make(String packageName, Path directory) throws IOException, BootException {
        Files.createDirectories(cache);
        synchronized (TURN) {
            try (var channel =
                            FileChannel.open(
                                    cache.resolve("lock"),
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.WRITE);
                    var lock = channel.lock()) {
                if (!lock.isValid() || Files.isDirectory(directory)) {
                    return;
                }
                var work = cache.resolve("work");
                remove(work); // left behind by a run that was killed
                Files.createDirectories(work.resolve("result"));
                try {
                    build(packageName, work);
                    Files.move(work.resolve("result"), directory, StandardCopyOption.ATOMIC_MOVE);
                } finally {
                    remove(work);
                }
            }
        }
    }

    private void build(String packageName, Path work) throws IOException, BootException {
        var commands = new HostCommand(work, tools);
        var apt = new Apt(work, commands, progress);
        var download = apt.kernel(packageName);
        var source = download.contents();
        var kernelFiles = unpack(commands, download.file(), GuestKit::isKernelPart);
        var busyboxPackage = apt.tool("busybox-static");
        var busyboxFiles = unpack(commands, busyboxPackage.file(), GuestKit::isBusybox);
        var busybox =
                busyboxFiles.values().stream()
                        .findFirst()
                        .orElseThrow(() -> new BootException("busybox-static has no busybox"));
        var kernel =
                kernelFiles.keySet().stream()
                        .filter(name -> name.startsWith("boot/vmlinuz-"))
                        .findFirst()
                        .orElseThrow(() -> new BootException(source.name() + " has no kernel"));
        progress.accept("Building the initramfs");
        var result = work.resolve("result");
        Files.write(result.resolve(KERNEL), kernelFiles.get(kernel));
        var release = kernel.substring("boot/vmlinuz-".length());
        var ramdisk = new KitRamdisk(release, busybox, modules(kernelFiles));
        try (var output = Files.newOutputStream(result.resolve(RAMDISK))) {
            ramdisk.write(output);
        }
        Files.writeString(
                result.resolve("source"), "%s %s\n".formatted(source.name(), source.version()));
    }

    private static boolean isKernelPart(String name) {
        return name.startsWith("boot/vmlinuz-") || MODULES.contains(moduleName(name));
    }

    private static boolean isBusybox(String name) {
        return name.equals("bin/busybox") || name.equals("usr/bin/busybox");
    }

    /// The name of the module in a file, or an empty string.
    private static String moduleName(String path) {
        var file = path.substring(path.lastIndexOf('/') + 1);
        int end = file.indexOf(".ko");
        return path.contains("lib/modules/") && end > 0
                ? file.substring(0, end).replace('_', '-')
                : "";
    }

    /// The selected files of a package, by their path.
    private static Map<String, byte[]> unpack(
            HostCommand commands, Path file, Predicate<String> selection) throws BootException {
        var files = new HashMap<String, byte[]>();
        var result =
                commands.run(
                        List.of("dpkg-deb", "--fsys-tarfile", file.toString()),
                        stream -> select(new TarReader(stream), selection, files));
        if (!result.succeeded()) {
            throw new BootException("the package is corrupt: " + result.complaint());
        }
        return files;
    }

    private static void select(
            TarReader tar, Predicate<String> selection, Map<String, byte[]> files)
            throws IOException, BootException {
        for (var entry = tar.next(); entry.isPresent(); entry = tar.next()) {
            var name = entry.get().name();
            if (selection.test(name)) {
                files.put(name, tar.content(FILE_BYTES_MAX));
            }
        }
    }

    private static List<KernelModule> modules(Map<String, byte[]> files) throws IOException {
        var modules = new ArrayList<KernelModule>();
        for (var file : files.entrySet()) {
            var name = moduleName(file.getKey());
            if (!name.isEmpty()) {
                modules.add(new KernelModule(name, unpacked(file.getKey(), file.getValue())));
            }
        }
        modules.sort(Comparator.comparing(KernelModule::name));
        return modules;
    }

    private static byte[] unpacked(String path, byte[] content) throws IOException {
        var raw = new ByteArrayInputStream(content);
        try (InputStream input =
                path.endsWith(".xz")
                        ? new XZInputStream(raw)
                        : path.endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            return input.readNBytes(FILE_BYTES_MAX);
        }
    }

    private static void remove(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
