package org.xenolith.filesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Partition tables that `sfdisk` has made, and such as nobody should make.
class PartitionTableTest {
    private static final long DISK_BYTES = 64L << 20;
    private static final long MIB = 1 << 20;

    @TempDir private Path root;

    private byte[] disk(String script) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/sbin/sfdisk")), "no sfdisk (package fdisk)");
        var file = root.resolve("disk");
        try (var output = new RandomAccessFile(file.toFile(), "rw")) {
            output.setLength(DISK_BYTES);
        }
        var input = Files.writeString(root.resolve("script"), script);
        var process =
                new ProcessBuilder("/usr/sbin/sfdisk", "--quiet", file.toString())
                        .redirectInput(input.toFile())
                        .redirectErrorStream(true)
                        .start();
        var output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return Files.readAllBytes(file);
    }

    private static List<Partition> read(byte[] disk) throws DiskException {
        return PartitionTable.read(new ArrayDisk(disk));
    }

    @Test
    void bootRecordsAndLogicalDrives() throws Exception {
        var found =
                read(
                        disk(
                                """
                                label: dos
                                start=2048, size=8192, type=83
                                start=12288, size=20480, type=83, bootable
                                start=32768, size=65536, type=5
                                start=34816, size=8192, type=83
                                start=45056, size=4096, type=83
                                """));
        assertThat(found).extracting(Partition::number).containsExactly(1, 2, 5, 6);
        assertThat(found)
                .extracting(Partition::offset)
                .containsExactly(MIB, 6 * MIB, 17 * MIB, 22 * MIB);
        assertThat(found)
                .extracting(Partition::bytes)
                .containsExactly(4 * MIB, 10 * MIB, 4 * MIB, 2 * MIB);
        assertThat(found).extracting(Partition::active).containsExactly(false, true, false, false);
        assertThat(found).allMatch(p -> p.scheme() == Partition.Scheme.MSDOS);
    }

    private static final String GPT =
            """
            label: gpt
            start=2048, size=8192
            start=20480, size=40960, attrs=LegacyBIOSBootable
            """;

    @Test
    void guidPartitionTables() throws Exception {
        var found = read(disk(GPT));
        assertThat(found).extracting(Partition::number).containsExactly(1, 2);
        assertThat(found).extracting(Partition::offset).containsExactly(MIB, 10 * MIB);
        assertThat(found).extracting(Partition::bytes).containsExactly(4 * MIB, 20 * MIB);
        assertThat(found).extracting(Partition::active).containsExactly(false, true);
        assertThat(found).allMatch(p -> p.scheme() == Partition.Scheme.GPT);
    }

    @Test
    void theBackupServesWhereTheTableIsDamaged() throws Exception {
        var disk = disk(GPT);
        var whole = read(disk);
        disk[512 + 20] ^= 1;
        assertThat(read(disk)).hasSameSizeAs(whole);
        disk[disk.length - 512 + 20] ^= 1;
        assertThatThrownBy(() -> read(disk))
                .isInstanceOf(DiskException.Damaged.class)
                .hasMessageContaining("and so is its backup");
    }

    @Test
    void aDiskWithoutATableHasNoPartitions() throws Exception {
        assertThat(read(new byte[1 << 20])).isEmpty();
        assertThat(read(new byte[10])).isEmpty();
        var bootSector = new byte[1 << 20];
        Arrays.fill(bootSector, 0, 510, (byte) 0x5A);
        bootSector[510] = 0x55;
        bootSector[511] = (byte) 0xAA;
        assertThat(read(bootSector)).as("code where entries would be").isEmpty();
    }

    @Test
    void logicalDrivesThatLeadInACircleAreRefused() throws Exception {
        var disk = new byte[1 << 20];
        entry(disk, 0, 0, 0x05, 100, 1000);
        entry(disk, 100, 0, 0x83, 1, 10);
        entry(disk, 100, 1, 0x05, 0, 1000); // itself
        assertThatThrownBy(() -> read(disk))
                .isInstanceOf(DiskException.Damaged.class)
                .hasMessageContaining("more than 64 logical drives");
    }

    private static void entry(byte[] disk, int sector, int index, int type, int first, int count) {
        int at = sector * 512 + 446 + index * 16;
        var buffer = ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(at + 4, (byte) type).putInt(at + 8, first).putInt(at + 12, count);
        buffer.putShort(sector * 512 + 510, (short) 0xAA55);
    }

    @Test
    void aPartitionThatEndsBehindTheDiskIsRefusedWhenItIsRead() throws Exception {
        var disk = new byte[1 << 20];
        entry(disk, 0, 0, 0x83, 10, 1 << 30);
        var partition = read(disk).getFirst();
        assertThatThrownBy(() -> partition.read(0, ByteBuffer.allocate(512)))
                .isInstanceOf(DiskException.Damaged.class)
                .hasMessageContaining("partition 1 ends behind the end of the disk");
        assertThatThrownBy(() -> FileSystem.open(partition)).isInstanceOf(DiskException.class);
    }
}
