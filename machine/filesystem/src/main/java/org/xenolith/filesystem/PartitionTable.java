package org.xenolith.filesystem;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;

/// The partitions of a disk, by a GUID partition table (UEFI specification, chapter 5) or a master
/// boot record with its logical drives.
public final class PartitionTable {
    /// Entries of a GPT that are looked at; all known tools make 128.
    static final int GPT_ENTRIES_MAX = 1024;

    /// Logical drives; Linux numbers up to 60 of them.
    static final int LOGICAL_MAX = 64;

    private static final int SECTOR_BYTES = 512;
    private static final int LARGE_SECTOR_BYTES = 4096;
    private static final int MBR_ENTRIES = 446;
    private static final int MBR_ENTRY_BYTES = 16;
    private static final int MBR_SIGNATURE = 0xAA55;
    private static final int TYPE_PROTECTIVE = 0xEE;
    private static final long GPT_SIGNATURE = 0x5452_4150_2049_4645L;
    private static final int GPT_HEADER_BYTES_MIN = 92;
    private static final int GPT_ENTRY_BYTES_MIN = 128;
    private static final int GPT_ENTRY_BYTES_MAX = 4096;

    private final Disk disk;

    private PartitionTable(Disk disk) {
        this.disk = disk;
    }

    /// In the table's order; none if there is no table.
    public static List<Partition> read(Disk disk) throws DiskException {
        return new PartitionTable(disk).read();
    }

    private List<Partition> read() throws DiskException {
        if (disk.size() < 2 * SECTOR_BYTES) {
            return List.of();
        }
        for (int sector : new int[] {SECTOR_BYTES, LARGE_SECTOR_BYTES}) {
            var partitions = gpt(sector, sector);
            if (partitions.isPresent()) {
                return partitions.get();
            }
        }
        var mbr = Fields.read(disk, 0, SECTOR_BYTES, "the partition table");
        if (!isPlausible(mbr)) {
            return List.of();
        }
        return hasGpt(mbr) ? backupGpt() : masterBootRecord(mbr);
    }

    // ---------------------------------------------------------------- GPT

    private List<Partition> backupGpt() throws DiskException {
        for (int sector : new int[] {SECTOR_BYTES, LARGE_SECTOR_BYTES}) {
            var partitions = gpt(disk.size() / sector * sector - sector, sector);
            if (partitions.isPresent()) {
                return partitions.get();
            }
        }
        throw new DiskException.Damaged(
                "the GUID partition table is damaged, and so is its backup");
    }

    /// The table whose header is at `offset`; empty if there is none, or not a whole one.
    private Optional<List<Partition>> gpt(long offset, int sectorBytes) throws DiskException {
        if (offset <= 0 || offset > disk.size() - sectorBytes) {
            return Optional.empty();
        }
        var header = Fields.read(disk, offset, sectorBytes, "the GUID partition table");
        long headerBytes = header.u32(12);
        long entries = header.u64(72);
        long count = header.u32(80);
        long entryBytes = header.u32(84);
        if (header.u64(0) != GPT_SIGNATURE
                || headerBytes < GPT_HEADER_BYTES_MIN
                || headerBytes > sectorBytes
                || header.u32(16) != headerChecksum(header, (int) headerBytes)
                || count > GPT_ENTRIES_MAX
                || entryBytes < GPT_ENTRY_BYTES_MIN
                || entryBytes > GPT_ENTRY_BYTES_MAX
                || entries < 0
                || entries > disk.size() / sectorBytes) {
            return Optional.empty();
        }
        int bytes = (int) (count * entryBytes);
        if (entries * sectorBytes > disk.size() - bytes) {
            return Optional.empty();
        }
        var table = Fields.read(disk, entries * sectorBytes, bytes, "the GUID partition table");
        if (header.u32(88) != checksum(table.bytes())) {
            return Optional.empty();
        }
        var partitions = new ArrayList<Partition>();
        for (int i = 0; i < count; i++) {
            gptEntry(table, i, (int) entryBytes, sectorBytes).ifPresent(partitions::add);
        }
        return Optional.of(partitions);
    }

    private Optional<Partition> gptEntry(Fields table, int index, int entryBytes, int sectorBytes)
            throws DiskException {
        int at = index * entryBytes;
        boolean used = table.u64(at) != 0 || table.u64(at + 8) != 0;
        long first = table.u64(at + 32);
        long last = table.u64(at + 40);
        long sectors = disk.size() / sectorBytes;
        if (!used
                || first < 0
                || last < first
                || first > sectors
                || last >= Long.MAX_VALUE / 8192) {
            return Optional.empty();
        }
        boolean legacyBoot = (table.u64(at + 48) & 4) != 0;
        return Optional.of(
                new Partition(
                        disk,
                        Partition.Scheme.GPT,
                        index + 1,
                        first * sectorBytes,
                        (last - first + 1) * sectorBytes,
                        legacyBoot));
    }

    private static long headerChecksum(Fields header, int bytes) throws DiskException {
        var content = header.slice(0, bytes);
        for (int i = 16; i < 20; i++) {
            content[i] = 0;
        }
        return checksum(content);
    }

    private static long checksum(byte[] bytes) {
        var crc = new CRC32();
        crc.update(bytes);
        return crc.getValue();
    }

    // ---------------------------------------------------------------- master boot record

    /// A partition in the words of a boot record; `first` and `count` are sectors.
    private record Entry(int status, int type, long first, long count) {
        static Entry of(Fields record, int index) throws DiskException {
            int at = MBR_ENTRIES + index * MBR_ENTRY_BYTES;
            return new Entry(
                    record.u8(at), record.u8(at + 4), record.u32(at + 8), record.u32(at + 12));
        }

        boolean isUsed() {
            return type != 0 && count != 0;
        }

        boolean isExtended() {
            return type == 0x05 || type == 0x0F || type == 0x85;
        }
    }

    private static List<Entry> entries(Fields record) throws DiskException {
        var entries = new ArrayList<Entry>();
        for (int i = 0; i < 4; i++) {
            entries.add(Entry.of(record, i));
        }
        return entries;
    }

    /// Whether a first sector is a boot record: file systems begin with similar ones.
    private boolean isPlausible(Fields record) throws DiskException {
        long sectors = disk.size() / SECTOR_BYTES;
        var entries = entries(record);
        return record.u16(510) == MBR_SIGNATURE
                && entries.stream().allMatch(e -> (e.status & 0x7F) == 0)
                && entries.stream().anyMatch(Entry::isUsed)
                && entries.stream()
                        .filter(Entry::isUsed)
                        .allMatch(e -> e.first > 0 && e.first < sectors);
    }

    private static boolean hasGpt(Fields record) throws DiskException {
        return entries(record).stream().anyMatch(e -> e.type == TYPE_PROTECTIVE);
    }

    private List<Partition> masterBootRecord(Fields record) throws DiskException {
        var partitions = new ArrayList<Partition>();
        var entries = entries(record);
        for (int i = 0; i < entries.size(); i++) {
            var entry = entries.get(i);
            if (entry.isUsed() && !entry.isExtended()) {
                partitions.add(partition(i + 1, entry.first, entry));
            }
        }
        for (var entry : entries) {
            if (entry.isUsed() && entry.isExtended()) {
                addLogical(partitions, entry.first);
            }
        }
        return partitions;
    }

    /// Logical drives are a list of boot records: each tells of one drive and where the next is.
    private void addLogical(List<Partition> partitions, long extended) throws DiskException {
        long at = extended;
        for (int number = 5; number < 5 + LOGICAL_MAX; number++) {
            var record =
                    Fields.read(disk, at * SECTOR_BYTES, SECTOR_BYTES, "the extended partition");
            if (record.u16(510) != MBR_SIGNATURE) {
                return;
            }
            var drive = Entry.of(record, 0);
            if (drive.isUsed()) {
                partitions.add(partition(number, at + drive.first, drive));
            }
            var next = Entry.of(record, 1);
            if (!next.isUsed() || !next.isExtended()) {
                return;
            }
            at = extended + next.first;
        }
        throw new DiskException.Damaged(
                "the extended partition has more than " + LOGICAL_MAX + " logical drives");
    }

    private Partition partition(int number, long first, Entry entry) {
        return new Partition(
                disk,
                Partition.Scheme.MSDOS,
                number,
                first * SECTOR_BYTES,
                entry.count * SECTOR_BYTES,
                entry.status != 0);
    }
}
