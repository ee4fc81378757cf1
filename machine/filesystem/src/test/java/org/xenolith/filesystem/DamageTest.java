package org.xenolith.filesystem;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.testkit.Fuzz;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// A disk that the guest has written can be wrong in any way: it is read, or refused with a reason;
/// nothing else, and not with much memory or time.
@Timeout(value = 1, unit = TimeUnit.DAYS) // ./dev fuzz says how long.
class DamageTest {
    private static final int KIBIBYTES = 4096;
    private static final int FILE_BYTES_MAX = 8 << 20;
    private static final int FILES_MAX = 300;
    private static final long ALLOCATED_MAX = 256L << 20;
    private static final long NANOS_MAX = 20_000_000_000L;

    private static final List<String> KINDS =
            List.of(
                    "-t ext4 -b 1024 -O ^metadata_csum",
                    "-t ext2 -b 1024",
                    "-t ext4 -b 1024 -O ^metadata_csum,inline_data -I 256",
                    "-t ext4 -b 4096 -O ^metadata_csum,meta_bg,^resize_inode,^has_journal",
                    "-t ext3 -b 1024 -O ^has_journal");

    private final Clock clock = Clock.system();
    @TempDir private Path root;
    private Path tree;

    @BeforeEach
    void makeTree() throws Exception {
        E2fsprogs.assumePresent();
        tree = Files.createDirectories(root.resolve("tree"));
        Files.createDirectories(tree.resolve("boot/grub"));
        Files.write(tree.resolve("boot/vmlinuz"), new byte[300_000]);
        Files.writeString(tree.resolve("boot/grub/grub.cfg"), "set default=0\n");
        Files.writeString(tree.resolve("boot/small"), "x".repeat(100));
        Files.createSymbolicLink(tree.resolve("vmlinuz"), Path.of("boot/vmlinuz"));
        Files.createSymbolicLink(tree.resolve("far"), Path.of("boot/" + "./".repeat(50) + "small"));
    }

    @Test
    @Tag("fuzz")
    void damageIsRefusedOrHarmless() throws Exception {
        var images = new ArrayList<byte[]>();
        for (var kind : KINDS) {
            images.add(make(kind));
        }
        images.add(withJournal(KINDS.getFirst()));
        var fuzz = new Fuzz(1, 1500);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var damaged = images.get(random.nextInt(images.size())).clone();
            int places = 1 + random.nextInt(6);
            for (int i = 0; i < places; i++) {
                damage(damaged, random);
            }
            long before = Allocated.bytes();
            long start = clock.nanos();
            try {
                useAll(new ArrayDisk(damaged));
            } catch (RuntimeException | Error e) {
                throw new AssertionError(fuzz.toString(), e);
            }
            assertThat(Allocated.bytes() - before)
                    .as("%s: allocated", fuzz)
                    .isLessThan(ALLOCATED_MAX);
            assertThat(clock.nanos() - start).as("%s: time", fuzz).isLessThan(NANOS_MAX);
        }
    }

    private byte[] make(String options) throws Exception {
        var image = E2fsprogs.make(root.resolve("image"), tree, KIBIBYTES, options.split(" "));
        return Files.readAllBytes(image);
    }

    private byte[] withJournal(String options) throws Exception {
        var image = E2fsprogs.make(root.resolve("image"), tree, KIBIBYTES, options.split(" "));
        var block = Files.write(root.resolve("block"), new byte[1024]);
        E2fsprogs.debug(image, "jo", "jw -b 700 " + block, "jw -r 700,701", "jc");
        return Files.readAllBytes(image);
    }

    /// Where something that is no zero stands, more often than not: that is where structures are.
    private static void damage(byte[] bytes, SplittableRandom random) {
        int at = random.nextInt(bytes.length);
        for (int i = 0; i < 4096 && bytes[at] == 0; i++) {
            at = (at + 1) % bytes.length;
        }
        switch (random.nextInt(4)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt();
            case 2 -> bytes[at] = (byte) 0xFF;
            default -> {
                for (int i = at; i < Math.min(bytes.length, at + 4); i++) {
                    bytes[i] = (byte) random.nextInt();
                }
            }
        }
    }

    private static void useAll(Disk disk) {
        try {
            for (var partition : PartitionTable.read(disk)) {
                FileSystem.open(partition);
            }
            var system = FileSystem.open(disk);
            if (system.isPresent()) {
                visit(system.get(), "", new int[1]);
            }
        } catch (DiskException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static void visit(FileSystem system, String directory, int[] seen) {
        try {
            for (var name : system.list(directory.isEmpty() ? "/" : directory)) {
                if (++seen[0] > FILES_MAX) {
                    return;
                }
                var path = directory + "/" + name;
                try {
                    var entry = system.find(path);
                    if (entry.isPresent() && entry.get().kind() == FileSystem.Kind.DIRECTORY) {
                        visit(system, path, seen);
                    } else if (entry.isPresent()) {
                        system.copy(path, OutputStream.nullOutputStream(), FILE_BYTES_MAX);
                    }
                } catch (DiskException e) {
                    assertThat(e.getMessage()).isNotBlank();
                }
            }
        } catch (DiskException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
