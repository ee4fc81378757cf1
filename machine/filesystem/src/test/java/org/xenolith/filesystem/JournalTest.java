package org.xenolith.filesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// A journal that has not been replayed: what is read is what e2fsck makes of the disk.
class JournalTest {
    private static final int KIBIBYTES = 24 << 10;
    private static final int BLOCK_BYTES = 1024;
    private static final byte[] MARK = {(byte) 0xC0, 0x3B, 0x39, (byte) 0x98};

    @TempDir private Path root;
    private Path image;
    private Path replayed;

    @BeforeEach
    void names() throws Exception {
        E2fsprogs.assumePresent();
        image = root.resolve("image");
        replayed = root.resolve("replayed");
    }

    private void make(String... options) throws Exception {
        var tree = Files.createDirectory(root.resolve("tree"));
        Files.writeString(tree.resolve("old"), block("old "));
        Files.writeString(tree.resolve("kept"), block("kept"));
        E2fsprogs.make(image, tree, KIBIBYTES, options);
    }

    private static String block(String word) {
        return word.repeat(BLOCK_BYTES / word.length());
    }

    private Path content(String name, byte[] bytes) throws Exception {
        return Files.write(root.resolve(name), bytes);
    }

    private long blockOf(String file) throws Exception {
        return Long.parseLong(
                E2fsprogs.run(0, "debugfs", "-R", "bmap " + file + " 0", image.toString())
                        .lines()
                        .filter(line -> line.matches("[0-9]+"))
                        .findFirst()
                        .orElseThrow());
    }

    /// e2fsck replays the journal of a copy, and both are read.
    private void assertReadsAsReplayed(String... files) throws Exception {
        var system = FileSystem.open(ArrayDisk.of(image)).orElseThrow();
        Files.copy(image, replayed, StandardCopyOption.REPLACE_EXISTING);
        E2fsprogs.run(1, "e2fsck", "-y", "-E", "journal_only", replayed.toString());
        var after = FileSystem.open(ArrayDisk.of(replayed)).orElseThrow();
        assertThat(system.list("/")).isEqualTo(after.list("/"));
        for (var file : files) {
            assertThat(system.read(file, 1 << 20)).as(file).isEqualTo(after.read(file, 1 << 20));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-O ^64bit,^metadata_csum jo",
                "-O 64bit,^metadata_csum jo",
                "-O ^64bit,metadata_csum jo -c",
                "-O 64bit,metadata_csum jo -c",
                "-O 64bit,metadata_csum jo -c -v 2",
                "-O ^64bit,metadata_csum jo -c -v 2",
            })
    void committedBlocksAreReadFromTheJournal(String how) throws Exception {
        var words = how.split(" ", 3);
        make("-t", "ext4", "-b", "1024", words[0], words[1]);
        var open = words[2];
        long old = blockOf("/old");
        var fresh = content("fresh", block("new ").getBytes(StandardCharsets.UTF_8));
        E2fsprogs.debug(image, open, "jw -b " + old + " " + fresh, "jc");
        assertThat(new String(read("/old"), StandardCharsets.UTF_8)).isEqualTo(block("new "));
        assertThat(new String(read("/kept"), StandardCharsets.UTF_8)).isEqualTo(block("kept"));
        assertReadsAsReplayed("/old", "/kept");
    }

    private byte[] read(String file) throws Exception {
        return FileSystem.open(ArrayDisk.of(image)).orElseThrow().read(file, 1 << 20);
    }

    @Test
    void theLastOfSeveralCopiesCountsUnlessItWasRevoked() throws Exception {
        make("-t", "ext4", "-b", "1024");
        long old = blockOf("/old");
        long kept = blockOf("/kept");
        var first = content("first", block("1st ").getBytes(StandardCharsets.UTF_8));
        var second = content("second", block("2nd ").getBytes(StandardCharsets.UTF_8));
        E2fsprogs.debug(
                image,
                "jo",
                "jw -b " + old + "," + kept + " " + twice(first),
                "jw -b " + old + " " + second,
                "jw -r " + kept,
                "jc");
        assertThat(new String(read("/old"), StandardCharsets.UTF_8)).isEqualTo(block("2nd "));
        assertThat(new String(read("/kept"), StandardCharsets.UTF_8)).isEqualTo(block("kept"));
        assertReadsAsReplayed("/old", "/kept");
    }

    private Path twice(Path file) throws Exception {
        var text = Files.readString(file);
        return Files.writeString(root.resolve("twice"), text + text);
    }

    @Test
    void aBlockThatBeginsWithTheJournalsMarkIsWhole() throws Exception {
        make("-t", "ext4", "-b", "1024");
        var bytes = block("body").getBytes(StandardCharsets.UTF_8);
        System.arraycopy(MARK, 0, bytes, 0, MARK.length);
        var fresh = content("fresh", bytes);
        E2fsprogs.debug(image, "jo", "jw -b " + blockOf("/old") + " " + fresh, "jc");
        assertThat(read("/old")).isEqualTo(bytes);
        assertReadsAsReplayed("/old");
    }

    @Test
    void aTransactionThatIsNotWholeIsNotTaken() throws Exception {
        make("-t", "ext4", "-b", "1024", "-O", "metadata_csum");
        long old = blockOf("/old");
        var first = content("first", block("1st ").getBytes(StandardCharsets.UTF_8));
        var second = content("second", block("2nd ").getBytes(StandardCharsets.UTF_8));
        E2fsprogs.debug(
                image, "jo -c", "jw -b " + old + " " + first, "jw -b " + old + " " + second, "jc");
        damage(block("2nd ").getBytes(StandardCharsets.UTF_8));
        assertThat(new String(read("/old"), StandardCharsets.UTF_8)).isEqualTo(block("1st "));
    }

    /// Changes the last byte of the last place where the disk holds `content`.
    private void damage(byte[] content) throws Exception {
        var bytes = Files.readAllBytes(image);
        var text = new String(bytes, StandardCharsets.ISO_8859_1);
        int at = text.lastIndexOf(new String(content, StandardCharsets.ISO_8859_1));
        assertThat(at).as("the copy in the journal").isPositive();
        bytes[at + content.length - 1] ^= 1;
        Files.write(image, bytes);
    }

    @Test
    void aJournalOfUnknownFeaturesIsRefused() throws Exception {
        make("-t", "ext4", "-b", "1024", "-O", "^metadata_csum");
        var fresh = content("fresh", block("new ").getBytes(StandardCharsets.UTF_8));
        E2fsprogs.debug(image, "jo", "jw -b " + blockOf("/old") + " " + fresh, "jc");
        long journal = blockOf("<8>");
        var bytes = Files.readAllBytes(image);
        bytes[(int) journal * BLOCK_BYTES + 40] |= (byte) 0x80;
        Files.write(image, bytes);
        assertThatThrownBy(() -> read("/old"))
                .isInstanceOf(DiskException.Unsupported.class)
                .hasMessageContaining("the journal has unknown features");
    }
}
