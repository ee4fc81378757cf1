package org.xenolith.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs the kit against fakes of apt and dpkg: shell scripts that serve packages made here.
class GuestKitTest {
    private static final String REAL = "linux-image-6.12.9+deb13-cloud-amd64";
    private static final long RAM = 64 << 20;

    @TempDir private Path directory;

    private Path tools;
    private final List<String> told = new ArrayList<>();

    @BeforeEach
    void fakeTools() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")));
        tools = Files.createDirectories(directory.resolve("tools"));
        script(
                "apt-cache",
                """
                for last; do :; done
                case "$*" in
                *search*) printf '%s - kernel\\n' linux-image-6.12.10+deb13-amd64 REAL \\
                    linux-image-6.12.10+deb13-cloud-amd64-dbg linux-image-6.12.8+deb13-cloud-amd64
                    exit 0 ;;
                esac
                case $last in
                meta) depends=REAL' (= 6.12.9-1), other' ;;
                circle) depends=linux-image-circle ;;
                linux-image-circle) depends=linux-image-circle ;;
                REAL|busybox-static) depends=libc6 ;;
                *) echo "E: No packages found" >&2; exit 100 ;;
                esac
                printf 'Package: %s\\nVersion: 6.12.9-1\\nDepends: %s\\nSize: 12\\n\\n' \\
                    "$last" "$depends"
                """
                        .replace("REAL", REAL));
        script(
                "apt-get",
                """
                for last; do :; done
                echo "$*" >> DIRECTORY/calls
                case "$*" in
                *update*) exit 0 ;;
                esac
                if [ -e DIRECTORY/offline ]; then
                    echo "Err:1 http://mirror x"; echo "W: a warning" >&2
                    echo "E: Failed to fetch x: could not resolve 'mirror'" >&2; exit 100
                fi
                cp "DIRECTORY/$last.tar" "${last}_1%3a2_amd64.deb"
                """
                        .replace("DIRECTORY", directory.toString()));
        script("dpkg-deb", "exec cat \"$2\"\n");
        var module = "\0license=GPL\0depends=jbd2,xen_blkfront\0".getBytes();
        var modules =
                "./usr/lib/modules/6.12.9+deb13-cloud-amd64/kernel/drivers/with/a/long/name/"
                        + "that/does/not/fit/into/a/hundred/bytes/";
        tar(
                REAL,
                Map.of(
                        "./boot/vmlinuz-6.12.9+deb13-cloud-amd64",
                        SampleElf.kernel(true),
                        "./boot/config",
                        new byte[1000],
                        modules + "ext4.ko",
                        module,
                        modules + "xen-blkfront.ko.xz",
                        Packer.xz("driver\0depends=\0".getBytes())));
        tar("busybox-static", Map.of("./bin/busybox", "a busybox".getBytes()));
    }

    private void script(String name, String body) throws IOException {
        var file = Files.writeString(tools.resolve(name), "#!/bin/sh\n" + body);
        file.toFile().setExecutable(true);
    }

    /// A ustar archive with GNU's long names.
    private void tar(String name, Map<String, byte[]> files) throws IOException {
        var bytes = new ByteArrayOutputStream();
        for (var file : files.entrySet()) {
            var path = file.getKey().getBytes(StandardCharsets.UTF_8);
            if (path.length > 99) {
                bytes.writeBytes(block("././@LongLink".getBytes(), 'L', path.length + 1));
                bytes.writeBytes(padded(path, path.length + 1));
            }
            bytes.writeBytes(block(path, '0', file.getValue().length));
            bytes.writeBytes(padded(file.getValue(), file.getValue().length));
        }
        bytes.writeBytes(new byte[1024]);
        Files.write(directory.resolve(name + ".tar"), bytes.toByteArray());
    }

    private static byte[] block(byte[] name, char type, int length) {
        var block = new byte[512];
        System.arraycopy(name, 0, block, 0, Math.min(name.length, 99));
        System.arraycopy("%011o".formatted(length).getBytes(), 0, block, 124, 11);
        block[156] = (byte) type;
        System.arraycopy("ustar  ".getBytes(), 0, block, 257, 7);
        return block;
    }

    private static byte[] padded(byte[] content, int length) {
        return Arrays.copyOf(content, (length + 511) & -512);
    }

    private GuestKit kit() {
        return new GuestKit(directory.resolve("kit"), told::add, tools + "/");
    }

    @Test
    void aMetaPackageBecomesAKernelAndAWholeRamdisk() throws Exception {
        var files = kit().resolve("kit:meta", Optional.of("kit:"));
        try (var kernel = KernelImage.read(files.kernel(), RAM)) {
            assertThat(kernel.pvhEntry()).isEqualTo(SampleElf.ENTRY);
        }
        var ramdisk = files.ramdisk().orElseThrow();
        assertThat(BootModule.ramdisk(ramdisk, RAM).bytes()).isEqualTo(Files.size(ramdisk));
        assertThat(Files.readString(ramdisk, StandardCharsets.ISO_8859_1))
                .contains("a busybox")
                .contains("lib/modules/6.12.9+deb13-cloud-amd64/xen-blkfront.ko\0")
                .contains("driver\0")
                .contains("\noptions xen_blkfront max_indirect_segments=64\n")
                .contains("ext4.ko: xen-blkfront.ko\n")
                .contains("xen-blkfront.ko:\n");
        assertThat(told).anyMatch(line -> line.contains(REAL));
    }

    @Test
    void aSeriesStandsForItsNewestKernel() throws Exception {
        var guest = kit().fetch("linux-image-6.12-cloud-amd64");
        assertThat(Files.readString(guest.kernel().resolveSibling("source"))).startsWith(REAL);
    }

    @Test
    void whatIsCachedNeedsNoApt() throws Exception {
        var first = kit().fetch("meta");
        script("apt-get", "exit 1");
        script("apt-cache", "exit 1");
        assertThat(kit().fetch("meta")).isEqualTo(first);
    }

    @Test
    void nothingIsLeftBehindButTheResult() throws Exception {
        kit().fetch("meta");
        try (var files = Files.list(directory.resolve("kit/2"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("lock", "meta");
        }
    }

    @Test
    void beingOfflineIsToldInOneLineAndLeavesNothing() throws Exception {
        Files.createFile(directory.resolve("offline"));
        assertThatThrownBy(() -> kit().fetch("meta"))
                .isInstanceOf(BootException.class)
                .hasMessage(
                        "kit:meta: apt-get cannot download %s: Failed to fetch x: could not"
                                        .formatted(REAL)
                                + " resolve 'mirror'");
        assertThat(Files.readString(directory.resolve("calls"))).contains("update");
        assertThat(directory.resolve("kit/2/meta")).doesNotExist();
        Files.delete(directory.resolve("offline"));
        kit().fetch("meta");
    }

    @Test
    void refusalsNameThePackageAndTheReason() {
        var reasons =
                Map.of(
                        "nonsense", "kit:nonsense: apt knows no package nonsense",
                        "--option", "kit:--option: not a package name",
                        "../up", "kit:../up: not a package name",
                        "circle", "kit:circle: apt knows no package circle",
                        "busybox-static", "kit:busybox-static: busybox-static has no kernel");
        reasons.forEach((name, message) ->
                assertThatThrownBy(() -> kit().fetch(name))
                        .isInstanceOf(BootException.class)
                        .hasMessage(message));
    }

    @Test
    void aHostWithoutAptIsToldWhatToDo() throws Exception {
        Files.delete(tools.resolve("apt-cache"));
        assertThatThrownBy(() -> kit().fetch("meta"))
                .isInstanceOf(BootException.class)
                .hasMessageStartingWith("kit:meta: apt-cache is not on this host");
    }

    @Test
    void pathsAreNotTheKitsBusiness() throws Exception {
        var files = kit().resolve("/boot/vmlinuz", Optional.of("initrd.img"));
        assertThat(files.kernel()).isEqualTo(Path.of("/boot/vmlinuz"));
        assertThat(files.ramdisk()).contains(Path.of("initrd.img"));
        assertThat(kit().resolve("kernel", Optional.empty()).ramdisk()).isEmpty();
        assertThatThrownBy(() -> kit().resolve("kernel", Optional.of("kit:")))
                .isInstanceOf(BootException.class);
        assertThatThrownBy(() -> kit().resolve("kit:", Optional.empty()))
                .isInstanceOf(BootException.class);
    }

    @Test
    void severalRunsAtOnceMakeOneCache() throws Exception {
        var failures = new ArrayList<Throwable>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    kit().fetch("meta");
                                } catch (Throwable e) {
                                    synchronized (failures) {
                                        failures.add(e);
                                    }
                                }
                            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
        assertThat(Files.readAllLines(directory.resolve("calls"))).hasSize(2);
    }

    @Test
    void versionsAreOrderedByTheirNumbers() {
        var ordered =
                List.of(
                        "linux-image-6.1.0-9-amd64",
                        "linux-image-6.1.0-10-amd64",
                        "linux-image-6.12.9+deb13-amd64-unsigned",
                        "linux-image-6.12.9+deb13-amd64",
                        "linux-image-6.12.101+deb13-amd64-unsigned");
        for (int i = 1; i < ordered.size(); i++) {
            assertThat(Apt.versionKey(ordered.get(i)))
                    .isGreaterThan(Apt.versionKey(ordered.get(i - 1)));
        }
    }
}
