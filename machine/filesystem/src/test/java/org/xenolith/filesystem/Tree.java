package org.xenolith.filesystem;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.SplittableRandom;

/// Files of all sorts, and whether a file system has just these.
final class Tree {
    private static final int FILE_BYTES_MAX = 1 << 26;
    private static final int NAMES = 700;
    private static final int PIECES = 900;
    private static final int PIECE_BYTES = 1024;

    private Tree() {}

    static Path make(Path root) throws IOException {
        var random = new SplittableRandom(11);
        Files.createDirectories(root.resolve("boot/grub"));
        Files.createDirectories(root.resolve("deep/er/and/deeper"));
        write(root, "empty", 0, random);
        write(root, "inode", 50, random);
        write(root, "attribute", 120, random);
        write(root, "boot/grub/grub.cfg", 3000, random);
        write(root, "boot/vmlinuz", 2_345_678, random);
        write(root, "deep/er/and/deeper/ümlaut", 70_000, random);
        sparse(root.resolve("boot/sparse"), random);
        Files.createDirectories(root.resolve("many"));
        for (int i = 0; i < NAMES; i++) {
            write(root, "many/a name of some length, number " + i, i % 5, random);
        }
        link(root, "vmlinuz", "boot/vmlinuz");
        link(root, "absolute", "/boot/grub/../grub/grub.cfg");
        link(root, "boot/up", "../deep//er/./and");
        link(root, "long", "deep/er/" + "./".repeat(60) + "and/deeper/ümlaut");
        link(root, "nowhere", "boot/nothing");
        link(root, "loop", "loop2");
        link(root, "loop2", "loop");
        return root;
    }

    private static void write(Path root, String name, int bytes, SplittableRandom random)
            throws IOException {
        var content = new byte[bytes];
        random.nextBytes(content);
        Files.write(root.resolve(name), content);
    }

    private static void link(Path root, String name, String target) throws IOException {
        Files.createSymbolicLink(root.resolve(name), Path.of(target));
    }

    /// Pieces with holes between, so that many extents are needed, and one far away.
    private static void sparse(Path file, SplittableRandom random) throws IOException {
        var piece = new byte[PIECE_BYTES];
        try (var output = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < PIECES; i++) {
                random.nextBytes(piece);
                output.seek(i * 8192L);
                output.write(piece);
            }
            output.seek(30_000_000);
            output.write(piece);
        }
    }

    /// The file system holds what is below `directory`, and nothing else but `lost+found`.
    static void assertSame(FileSystem system, Path directory) throws Exception {
        assertSame(system, directory, "");
    }

    private static void assertSame(FileSystem system, Path directory, String path)
            throws Exception {
        try (var files = Files.list(directory)) {
            var names = files.map(file -> file.getFileName().toString()).toList();
            assertThat(system.list(path.isEmpty() ? "/" : path))
                    .as("names in %s", path)
                    .filteredOn(name -> !name.equals("lost+found"))
                    .containsExactlyInAnyOrderElementsOf(names);
            for (var name : names) {
                var file = directory.resolve(name);
                var inside = path + "/" + name;
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    assertThat(system.find(inside).orElseThrow().kind())
                            .isEqualTo(FileSystem.Kind.DIRECTORY);
                    assertSame(system, file, inside);
                } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    assertSameContent(system, file, inside);
                }
            }
        }
    }

    private static void assertSameContent(FileSystem system, Path file, String inside)
            throws Exception {
        var copy = new ByteArrayOutputStream();
        assertThat(system.copy(inside, copy, FILE_BYTES_MAX)).isEqualTo(Files.size(file));
        assertThat(copy.toByteArray()).as(inside).isEqualTo(Files.readAllBytes(file));
    }
}
