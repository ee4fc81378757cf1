package org.xenolith.filesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/// What was put into a file system of any make is read from it.
class FileSystemTest {
    private static final String UUID = "0b2c7c3e-7d0f-4a55-9a0e-2f9d4e8f1a11";
    private static final int KIBIBYTES = 48 << 10;

    @TempDir private static Path root;
    private static Path tree;

    @BeforeAll
    static void makeTree() throws Exception {
        E2fsprogs.assumePresent();
        tree = Tree.make(Files.createDirectory(root.resolve("tree")));
    }

    private static FileSystem open(Path image) throws Exception {
        return FileSystem.open(ArrayDisk.of(image)).orElseThrow();
    }

    private static Path make(String options) throws Exception {
        return E2fsprogs.make(root.resolve("image"), tree, KIBIBYTES, options.split(" "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-t ext2 -b 1024",
                "-t ext2 -b 4096 -O none,filetype",
                "-t ext2 -b 2048 -r 0",
                "-t ext3 -b 1024",
                "-t ext4 -b 1024",
                "-t ext4 -b 2048 -I 128",
                "-t ext4 -b 4096",
                "-t ext4 -b 65536 -N 2000",
                "-t ext4 -b 1024 -O inline_data -I 256",
                "-t ext4 -b 4096 -O inline_data -I 512",
                "-t ext4 -b 1024 -O ^64bit,^flex_bg",
                "-t ext4 -b 1024 -O meta_bg,^resize_inode,64bit -g 1024",
                "-t ext4 -b 1024 -O meta_bg,^resize_inode,^64bit -g 512",
                "-t ext4 -b 4096 -O ^extents,^64bit",
                "-t ext4 -b 4096 -O bigalloc -C 16384",
                "-t ext4 -b 1024 -O bigalloc -C 4096",
                "-t ext4 -b 1024 -O sparse_super2,^resize_inode -g 1024",
                "-t ext4 -b 1024 -O metadata_csum,metadata_csum_seed,large_dir,ea_inode",
                "-t ext4 -b 1024 -O casefold -E encoding=utf8",
                "-t ext4 -b 4096 -O ^has_journal,^metadata_csum,mmp",
            })
    void whatWasPutInIsRead(String options) throws Exception {
        Tree.assertSame(open(make(options)), tree);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-t ext4 -b 1024", "-t ext4 -b 4096", "-t ext3 -b 1024"})
    void hashedDirectoriesAreRead(String options) throws Exception {
        var image = make(options);
        E2fsprogs.run(1, "e2fsck", "-f", "-y", "-D", image.toString());
        assertThat(E2fsprogs.run(0, "debugfs", "-R", "htree_dump /many", image.toString()))
                .contains("Root node dump");
        Tree.assertSame(open(image), tree);
    }

    @Test
    void treesOfExtentsAreDeepHere() throws Exception {
        var image = make("-t ext4 -b 1024");
        var extents = E2fsprogs.run(0, "debugfs", "-R", "ex /boot/sparse", image.toString());
        assertThat(extents).as("the test covers inner nodes").contains(" 2/ 2 ");
    }

    @Test
    void symbolicLinksAreFollowed() throws Exception {
        var system = open(make("-t ext4 -b 1024 -U " + UUID + " -L root"));
        assertThat(system.uuid()).isEqualTo(UUID);
        assertThat(system.label()).isEqualTo("root");
        assertThat(system.read("/vmlinuz", 1 << 23))
                .isEqualTo(Files.readAllBytes(tree.resolve("boot/vmlinuz")));
        assertThat(system.read("absolute", 1 << 20))
                .isEqualTo(Files.readAllBytes(tree.resolve("boot/grub/grub.cfg")));
        var deep = Files.readAllBytes(tree.resolve("deep/er/and/deeper/ümlaut"));
        assertThat(system.read("/boot/up/deeper/ümlaut", 1 << 20)).isEqualTo(deep);
        assertThat(system.read("/long", 1 << 20)).isEqualTo(deep);
        assertThat(system.read("/../../boot/../long", 1 << 20)).isEqualTo(deep);
        assertThat(system.find("/nowhere")).isEmpty();
        assertThat(system.find("/boot/vmlinuz/further")).isEmpty();
        assertThatThrownBy(() -> system.find("/loop"))
                .isInstanceOf(DiskException.Damaged.class)
                .hasMessageContaining("too many symbolic links");
    }

    @Test
    void whatIsNotAFileOrTooLargeIsRefused() throws Exception {
        var system = open(make("-t ext4 -b 1024"));
        assertThatThrownBy(() -> system.read("/boot", 1000))
                .isInstanceOf(DiskException.Refused.class)
                .hasMessage("/boot is not a file");
        assertThatThrownBy(() -> system.read("/boot/vmlinuz", 1_000_000))
                .isInstanceOf(DiskException.Refused.class)
                .hasMessageContaining("2345678 bytes");
        assertThatThrownBy(() -> system.read("/none", 1000)).hasMessage("there is no /none");
        assertThatThrownBy(() -> system.list("/empty")).hasMessage("/empty is not a directory");
    }

    @Test
    void aTruncatedDiskIsRefused() throws Exception {
        var whole = Files.readAllBytes(make("-t ext4 -b 4096"));
        var half = Arrays.copyOf(whole, whole.length / 2);
        assertThatThrownBy(() -> FileSystem.open(new ArrayDisk(half)))
                .isInstanceOf(DiskException.Damaged.class)
                .hasMessageContaining("does not fit");
        assertThat(FileSystem.open(new ArrayDisk(new byte[1 << 20]))).isEmpty();
        assertThat(FileSystem.open(new ArrayDisk(new byte[100]))).isEqualTo(Optional.empty());
    }

    @Test
    void aSuperBlockThatLostItsChecksumIsRefused() throws Exception {
        var image = Files.readAllBytes(make("-t ext4 -b 4096 -O metadata_csum"));
        image[(int) SuperBlock.OFFSET + 120] ^= 1; // of the label
        assertThatThrownBy(() -> FileSystem.open(new ArrayDisk(image)))
                .isInstanceOf(DiskException.Damaged.class)
                .hasMessageContaining("checksum");
    }

    @Test
    void damageThatDebugfsMakesIsRefused() throws Exception {
        var image = make("-t ext4 -b 1024 -O ^metadata_csum");
        E2fsprogs.debug(
                image,
                "set_inode_field /boot/sparse block[0] 0x12345678",
                "set_inode_field /boot/vmlinuz size 0x7fffffffffff0000",
                "set_inode_field /many block[5] 0xfffffff0",
                "set_inode_field /inode flags 0x80800");
        var system = open(image);
        assertThatThrownBy(() -> system.read("/boot/sparse", 1 << 26))
                .isInstanceOf(DiskException.Damaged.class)
                .hasMessageContaining("lost its mark");
        assertThatThrownBy(() -> system.read("/boot/vmlinuz", 1 << 26))
                .isInstanceOf(DiskException.Refused.class);
        assertThatThrownBy(() -> system.list("/many")).isInstanceOf(DiskException.Damaged.class);
        assertThatThrownBy(() -> system.read("/inode", 100))
                .isInstanceOf(DiskException.Unsupported.class)
                .hasMessageContaining("encrypted");
    }

    @Test
    void unknownFeaturesAreRefused() throws Exception {
        var image = make("-t ext4 -b 4096 -O ^metadata_csum");
        E2fsprogs.debug(image, "set_super_value feature_incompat 0x80000000");
        assertThatThrownBy(() -> open(image))
                .isInstanceOf(DiskException.Unsupported.class)
                .hasMessageContaining("unknown features, 0x80000000");
    }
}
