package org.xenolith.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.filesystem.Disk;
import org.xenolith.filesystem.DiskException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Kernels in disks that e2fsprogs and `sfdisk` have made.
class PygrubTest {
    private static final long RAM = 64 << 20;
    private static final int MIB = 1 << 20;

    @TempDir private Path root;
    private Path tree;

    @BeforeEach
    void makeTree() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/sbin/mke2fs")), "no mke2fs (e2fsprogs)");
        tree = Files.createDirectories(root.resolve("tree"));
        Files.createDirectories(tree.resolve("boot/grub"));
        put("boot/vmlinuz-1", "the kernel");
        put("boot/initrd-1", "ramdisk");
        put("boot/microcode", "mic");
        put(
                "boot/grub/grub.cfg",
                "menuentry one {\nlinux /boot/vmlinuz-1 ro\ninitrd /boot/initrd-1\n}\n");
        Files.createSymbolicLink(tree.resolve("vmlinuz"), Path.of("boot/vmlinuz-1"));
    }

    private void put(String name, String text) throws IOException {
        var file = tree.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private static void run(Path input, String... command) throws Exception {
        var process =
                new ProcessBuilder(command)
                        .redirectInput(input.toFile())
                        .redirectErrorStream(true)
                        .start();
        var output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
    }

    private byte[] fileSystem(int mebibytes, String... options) throws Exception {
        var image = root.resolve("image");
        Files.deleteIfExists(image);
        var command = new ArrayList<>(List.of("/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4"));
        command.addAll(List.of(options));
        command.addAll(List.of("-d", tree.toString(), image.toString(), mebibytes + "M"));
        run(Path.of("/dev/null"), command.toArray(String[]::new));
        return Files.readAllBytes(image);
    }

    /// A disk of 32 MiB with a partition table and file systems at their places.
    private byte[] partitioned(String script, byte[] first, byte[] second) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/sbin/sfdisk")), "no sfdisk (package fdisk)");
        var file = root.resolve("disk");
        try (var channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[1]), 32L * MIB - 1);
            channel.write(ByteBuffer.wrap(first), MIB);
            channel.write(ByteBuffer.wrap(second), 16L * MIB);
        }
        run(
                Files.writeString(root.resolve("script"), script),
                "/usr/sbin/sfdisk",
                "--quiet",
                "--wipe=never",
                file.toString());
        return Files.readAllBytes(file);
    }

    private record ArrayDisk(byte[] bytes) implements Disk {
        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public void read(long offset, ByteBuffer target) throws DiskException {
            requireInside(offset, target.remaining());
            target.put(bytes, (int) offset, target.remaining());
        }
    }

    private Pygrub.Outcome boot(byte[] disk, String... options) throws Exception {
        var directory = Files.createDirectories(root.resolve("out"));
        return Pygrub.run(
                new ArrayDisk(disk), PygrubOptions.parse(List.of(options)), directory, RAM);
    }

    @Test
    void aFileSystemOnTheWholeDisk() throws Exception {
        var found = boot(fileSystem(8), "--args=console=hvc0");
        assertThat(found.kernel()).hasContent("the kernel");
        assertThat(found.ramdisk().orElseThrow()).hasContent("ramdisk");
        assertThat(found.commandLine()).isEqualTo("console=hvc0 ro");
        assertThat(found.title()).isEqualTo("one");
    }

    @Test
    void aSeparateBootPartitionOfEitherKindOfTable() throws Exception {
        var rootSystem = fileSystem(8, "-L", "root");
        put(
                "grub/grub.cfg",
                "menuentry two {\nsearch --label --set=root bootfs\nlinux /boot/vmlinuz-1 2\n}");
        Files.delete(tree.resolve("boot/grub/grub.cfg"));
        var bootSystem = fileSystem(8, "-L", "bootfs");
        var tables =
                List.of(
                        "label: gpt\nstart=1MiB, size=8MiB\nstart=16MiB, size=8MiB, attrs=LegacyBIOSBootable\n",
                        "label: dos\nstart=1MiB, size=8MiB\nstart=16MiB, size=8MiB, bootable\n");
        for (var table : tables) {
            var disk = partitioned(table, rootSystem, bootSystem);
            var found = boot(disk);
            assertThat(found.title()).as("the active one is first").isEqualTo("two");
            assertThat(found.kernel()).hasContent("the kernel");
            assertThat(found.ramdisk()).isEmpty();
            assertThat(boot(disk, "--offset", Integer.toString(MIB)).title()).isEqualTo("one");
        }
    }

    @Test
    void partsOfARamdiskBeginAtMultiplesOfFour() throws Exception {
        put(
                "boot/grub/grub.cfg",
                "menuentry one {\nlinux /vmlinuz\ninitrd /boot/microcode /boot/initrd-1\n}\n");
        var found = boot(fileSystem(8));
        assertThat(Files.readString(found.ramdisk().orElseThrow())).isEqualTo("mic\0ramdisk");
    }

    @Test
    void theOperatorMayNameKernelAndRamdisk() throws Exception {
        var found =
                boot(
                        fileSystem(8),
                        "--kernel",
                        "/vmlinuz",
                        "--ramdisk=/boot/microcode",
                        "--args",
                        "x y");
        assertThat(found.kernel()).hasContent("the kernel");
        assertThat(found.ramdisk().orElseThrow()).hasContent("mic");
        assertThat(found.commandLine()).isEqualTo("x y");
        assertThatThrownBy(() -> boot(fileSystem(8), "--kernel=/none"))
                .isInstanceOf(BootException.class)
                .hasMessage("there is no /none on (hd0)");
    }

    @Test
    void extlinuxIsReadWhereThereIsNoGrub() throws Exception {
        Files.delete(tree.resolve("boot/grub/grub.cfg"));
        put("boot/extlinux/extlinux.conf", "LABEL x\nKERNEL ../vmlinuz-1\nAPPEND ro\n");
        assertThat(boot(fileSystem(8)).kernel()).hasContent("the kernel");
    }

    @Test
    void whatCannotBeStartedIsRefusedByName() throws Exception {
        refused(new byte[MIB], "it has no file system that can be read");
        put("boot/grub/grub.cfg", "menuentry one { linux /boot/none }\n");
        refused(fileSystem(8), "(hd0)/boot/none: there is no /boot/none");
        put("boot/grub/grub.cfg", "menuentry one { linux (hd1)/boot/none }\n");
        refused(fileSystem(8), "(hd1)/boot/none: there is no such device");
        put("boot/grub/grub.cfg", "menuentry one { linux /vmlinuz bad\u0001byte }\n");
        refused(fileSystem(8), "is not printable ASCII");
        put("boot/grub/grub.cfg", "menuentry one {\n");
        refused(fileSystem(8), "(hd0)/boot/grub/grub.cfg: it ends where } should be");
        Files.delete(tree.resolve("boot/grub/grub.cfg"));
        refused(fileSystem(8), "no boot loader's configuration is on (hd0)");
        var cut = new byte[4 * MIB];
        System.arraycopy(fileSystem(8), 0, cut, 0, cut.length);
        refused(cut, "does not fit");
    }

    private void refused(byte[] disk, String reason) {
        assertThatThrownBy(() -> boot(disk))
                .isInstanceOf(BootException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aKernelLargerThanTheGuestsMemoryIsRefused() throws Exception {
        var disk = fileSystem(8);
        var directory = Files.createDirectories(root.resolve("out"));
        assertThatThrownBy(() -> Pygrub.run(new ArrayDisk(disk), PygrubOptions.NONE, directory, 5))
                .isInstanceOf(BootException.class)
                .hasMessageContaining("has 10 bytes, more than the 5 that are possible");
    }

    @Test
    void optionsAreTheSameWhenTheyAreReadAgain() throws Exception {
        var words =
                List.of(
                        "--entry",
                        "a>b",
                        "--kernel=/k",
                        "--ramdisk=/r",
                        "--args=a b",
                        "--offset=7");
        var options = PygrubOptions.parse(words);
        assertThat(PygrubOptions.parse(options.words())).isEqualTo(options);
        assertThat(PygrubOptions.NONE.words()).isEmpty();
    }

    @Test
    void optionsThatAreNotKnownAreRefused() {
        for (var words : List.of(List.of("--what"), List.of("--entry"), List.of("--offset=x"))) {
            assertThatThrownBy(() -> PygrubOptions.parse(words)).isInstanceOf(BootException.class);
        }
    }
}
