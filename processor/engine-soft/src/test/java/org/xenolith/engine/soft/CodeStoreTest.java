package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.baseline.RegionImage;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/// What is found in a file of machine code is what was put there; whatever has happened to the
/// file, it can be opened, and nothing else is found.
class CodeStoreTest {
    private static final int MODE = 0x1012;
    private static final int HEADER_BYTES = 24;
    private static final int FEATURES = 5;
    private static final long LARGEST_FILE_BYTES = 256 << 20;

    private final SplittableRandom random = new SplittableRandom(3);
    @TempDir private Path directory;
    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("code");
    }

    private MemorySegment bytes(int count) {
        var bytes = new byte[count];
        random.nextBytes(bytes);
        return MemorySegment.ofArray(bytes);
    }

    private StoredRegion region(long pc, int codeBytes) {
        var parts =
                List.of(
                        new StoredRegion.Part(pc, bytes(1 + random.nextInt(20))),
                        new StoredRegion.Part(random.nextLong(), bytes(1 + random.nextInt(20))));
        var image = new RegionImage(bytes(codeBytes), random.nextBoolean());
        return new StoredRegion(pc, MODE, 5, parts, image);
    }

    private List<StoredRegion> regions(int count) {
        return random.longs(count, 0, 1L << 32)
                .mapToObj(pc -> region(pc, 1 + random.nextInt(60)))
                .toList();
    }

    /// Of no meaning to code at fixed addresses.
    private static final MemorySegment NO_CODE = MemorySegment.ofArray(new byte[16]);

    private static List<StoredRegion> find(CodeStore store, long pc, int mode) {
        return find(store, pc, mode, NO_CODE);
    }

    private static List<StoredRegion> find(CodeStore store, long pc, int mode, MemorySegment code) {
        return store.find(pc, mode, code, 0).stream().map(CodeStore.Found::region).toList();
    }

    private static String text(StoredRegion region) {
        var bytes = region.toBytes().toArray(ValueLayout.JAVA_BYTE);
        return HexFormat.of().formatHex(bytes);
    }

    private static List<String> texts(List<StoredRegion> regions) {
        return regions.stream().map(CodeStoreTest::text).toList();
    }

    private void write(List<StoredRegion> regions) throws IOException {
        try (var store = CodeStore.open(file, FEATURES)) {
            for (var region : regions) {
                store.add(region);
            }
        }
    }

    private List<String> found(long pc) throws IOException {
        try (var store = CodeStore.open(file, FEATURES)) {
            return texts(find(store, pc, MODE));
        }
    }

    /// Where records end in the file.
    private static int[] ends(List<StoredRegion> regions) {
        int[] ends = new int[regions.size()];
        int end = HEADER_BYTES;
        for (int index = 0; index < ends.length; index++) {
            end += (int) regions.get(index).toBytes().byteSize();
            ends[index] = end;
        }
        return ends;
    }

    @Test
    void aRegionIsFoundAsItWasAdded() throws Exception {
        var regions = regions(300);
        write(regions);

        for (var region : regions) {
            assertThat(found(region.pc())).containsExactly(text(region));
        }
    }

    @Test
    void aRegionIsFoundByItsAddressAndModeOnly() throws Exception {
        var region = region(0x1000, 10);
        write(List.of(region));

        try (var store = CodeStore.open(file, FEATURES)) {
            assertThat(store.contains(0x1000, MODE, NO_CODE, 0)).isTrue();
            assertThat(find(store, 0x1001, MODE)).isEmpty();
            assertThat(find(store, 0x1000, MODE + 1)).isEmpty();
            assertThat(find(store, 0x1000 ^ 1L << 40, MODE ^ 1)).isEmpty(); // of the same key
        }
    }

    /// Code at a random address is found at another, by its place in the page and its first bytes.
    @Test
    void relativeCodeIsFoundElsewhere() throws Exception {
        long there = 0x7F12_3456_7ABCL;
        long here = 0x55AA_0000_0ABCL;
        for (int length : new int[] {1, 3, 4, 60}) {
            var code = bytes(length);
            var image = new RegionImage(bytes(20), false);
            var parts =
                    List.of(
                            new StoredRegion.Part(there, code),
                            new StoredRegion.Part(there + 0x2000, bytes(7)));
            var region = new StoredRegion(there, MODE, length, parts, image);
            var memory = MemorySegment.ofArray(new byte[64]).copyFrom(code);
            try (var store = CodeStore.open(file, FEATURES)) {
                store.add(region);
                assertThat(texts(find(store, there, MODE, memory))).contains(text(region));
            }
            try (var store = CodeStore.open(file, FEATURES)) {
                var moved = find(store, here, MODE, memory).getFirst();

                assertThat(moved.pc()).isEqualTo(here);
                assertThat(moved.parts().get(1).pc()).isEqualTo(here + 0x2000);
                assertThat(text(moved.at(there))).isEqualTo(text(region));
                assertThat(store.contains(here, MODE, memory, 0)).isTrue();
                assertThat(find(store, here + 1, MODE, memory)).isEmpty();
                assertThat(find(store, here, MODE + 1, memory)).isEmpty();
                assertThat(find(store, 0xABC, MODE, memory)).isEmpty();
                memory.set(ValueLayout.JAVA_BYTE, 0, (byte) ~code.get(ValueLayout.JAVA_BYTE, 0));
                assertThat(find(store, here, MODE, memory)).isEmpty();
                assertThat(store.contains(here, MODE, memory, 0)).isFalse();
            }
        }
    }

    /// What has been added is found at once, also when much has.
    @Test
    void whoAddsARegionFindsIt() throws Exception {
        var regions = regions(3000);
        try (var store = CodeStore.open(file, FEATURES)) {
            for (var region : regions) {
                store.add(region);
                assertThat(texts(find(store, region.pc(), MODE))).containsExactly(text(region));
            }
            for (var region : regions) {
                assertThat(texts(find(store, region.pc(), MODE))).containsExactly(text(region));
            }
        }
    }

    @Test
    void formsOfTheSameCodeAreFoundLatestFirstAndOnlySoManyKept() throws Exception {
        var forms =
                List.of(region(64, 9), region(64, 9), region(64, 9), region(64, 9), region(64, 9));
        write(forms);

        assertThat(found(64)).isEqualTo(texts(forms.subList(0, 4).reversed()));
    }

    @Test
    void aRegionThatIsTooLargeIsNotKept() throws Exception {
        write(List.of(region(1, StoredRegion.BYTES_MAX), region(2, 10)));

        assertThat(found(1)).isEmpty();
        assertThat(found(2)).hasSize(1);
        assertThat(Files.size(file)).isLessThan(StoredRegion.BYTES_MAX);
    }

    @Test
    void whateverLengthAFileIsCutToItsWholeRecordsAreFoundAndMoreCanBeAdded() throws Exception {
        var regions = regions(3);
        var more = region(7, 300);
        write(regions);
        var whole = Files.readAllBytes(file);
        int[] ends = ends(regions);
        assertThat(ends[2]).isEqualTo(whole.length);
        for (int length = 0; length <= whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            try (var store = CodeStore.open(file, FEATURES)) {
                for (int index = 0; index < ends.length; index++) {
                    var expected =
                            ends[index] <= length
                                    ? List.of(text(regions.get(index)))
                                    : List.<String>of();
                    assertThat(texts(find(store, regions.get(index).pc(), MODE)))
                            .as("record %d of a file cut to %d bytes", index, length)
                            .isEqualTo(expected);
                }
                store.add(more);
                find(store, more.pc(), MODE);
            }
            assertThat(found(more.pc())).as("cut to %d", length).containsExactly(text(more));
        }
    }

    @Test
    void aDamagedFileHasTheRegionsThatWereAddedOrNone() throws Exception {
        var regions = regions(4);
        write(regions);
        var whole = Files.readAllBytes(file);
        int lost = 0;
        for (int trial = 0; trial < 500; trial++) {
            var damaged = whole.clone();
            for (int left = random.nextInt(1, 4); left > 0; left--) {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, damaged);
            try (var store = CodeStore.open(file, FEATURES)) {
                for (var region : regions) {
                    var found = texts(find(store, region.pc(), MODE));
                    lost += found.isEmpty() ? 1 : 0;
                    assertThat(found).isSubsetOf(text(region));
                }
            }
        }
        assertThat(lost).isPositive();
    }

    @Test
    void aRecordWithAnyBitOfItChangedIsNotFound() throws Exception {
        var region = region(64, 20);
        write(List.of(region));
        var whole = Files.readAllBytes(file);
        for (int bit = 8 * HEADER_BYTES; bit < 8 * whole.length; bit++) {
            var damaged = whole.clone();
            damaged[bit >>> 3] ^= (byte) (1 << (bit & 7));
            Files.write(file, damaged);
            assertThat(found(64)).as("bit %d", bit).isEmpty();
        }
    }

    @Test
    void aFileOfAnotherKindBeginsAnew() throws Exception {
        Files.write(file, bytes(5000).toArray(ValueLayout.JAVA_BYTE));
        write(List.of(region(3, 10)));

        assertThat(found(3)).hasSize(1);
        assertThat(Files.size(file)).isLessThan(5000);
    }

    @Test
    void aFileForAnotherKindOfHostBeginsAnew() throws Exception {
        write(List.of(region(3, 10)));
        try (var other = CodeStore.open(file, FEATURES + 1)) {
            assertThat(find(other, 3, MODE)).isEmpty();
            assertThat(other.isWritable()).isTrue();
        }
        assertThat(found(3)).isEmpty();
    }

    @Test
    void aFileThatIsTooLargeBeginsAnewAndWhoUsesItKeepsTheOldOne() throws Exception {
        var region = region(3, 10);
        write(List.of(region));
        var writer = CodeStore.open(file, FEATURES);
        try (var reader = CodeStore.open(file, FEATURES)) {
            writer.close();
            try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
                sparse.setLength(LARGEST_FILE_BYTES + 1);
            }
            assertThat(found(3)).isEmpty();
            assertThat(Files.size(file)).isEqualTo(HEADER_BYTES);
            assertThat(texts(find(reader, 3, MODE))).containsExactly(text(region));
        }
    }

    @Test
    void aFileOfVeryManyRecordsIsReadInPart() throws Exception {
        int records = CodeStore.RECORDS_MAX + 1;
        var bytes = ByteBuffer.allocate(HEADER_BYTES + records * StoredRegion.BYTES_MIN);
        write(List.of());
        bytes.order(ByteOrder.LITTLE_ENDIAN).put(Files.readAllBytes(file));
        while (bytes.hasRemaining()) {
            bytes.putInt(bytes.position(), StoredRegion.BYTES_MIN);
            bytes.position(bytes.position() + StoredRegion.BYTES_MIN);
        }
        Files.write(file, bytes.array());

        try (var store = CodeStore.open(file, FEATURES)) {
            assertThat(store.isWritable()).isFalse();
        }
        int last = bytes.capacity() - StoredRegion.BYTES_MIN;
        var after = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(after.getInt(last)).isNotEqualTo(StoredRegion.BYTES_MIN); // it is gone
    }

    // ---------------------------------------------------------------- the index

    /// More than are left out of the index.
    private static final int MANY = 5000;

    private void assertAllFound(List<StoredRegion> regions) throws IOException {
        try (var store = CodeStore.open(file, FEATURES)) {
            for (var region : regions) {
                assertThat(texts(find(store, region.pc(), MODE))).containsExactly(text(region));
            }
        }
    }

    /// As who opens a file would not find them who had to go from one to the next.
    @Test
    void recordsBehindADamagedOneAreFoundByTheIndex() throws Exception {
        var regions = regions(MANY);
        write(regions);
        var bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, HEADER_BYTES, HEADER_BYTES + 4, (byte) 0xFF); // the first one's length
        Files.write(file, bytes);

        assertThat(found(regions.getFirst().pc())).isEmpty();
        assertAllFound(regions.subList(1, MANY));
    }

    @Test
    void whatIsNotInTheIndexIsFoundToo() throws Exception {
        var regions = new ArrayList<StoredRegion>();
        for (int count : new int[] {300, 1, 100, MANY, 7}) {
            var more = regions(count);
            write(more);
            regions.addAll(more);
            assertAllFound(regions);
        }
    }

    /// All is looked at then, as if there were none.
    @Test
    void anIndexThatIsDamagedInAnyWayIsDoneWithout() throws Exception {
        var regions = regions(300);
        write(regions);
        var whole = Files.readAllBytes(file);
        int begin = ends(regions)[299];
        for (int trial = 0; trial < 300; trial++) {
            var damaged = whole.clone();
            int at = random.nextBoolean() ? random.nextInt(16, 24) : begin + 4;
            at = trial % 3 == 0 ? random.nextInt(begin + 4, whole.length) : at;
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, damaged);

            assertAllFound(regions);
        }
    }

    @Test
    void anIndexOfPlacesThatAreNoneFindsNothing() throws Exception {
        write(List.of());
        var table = new RecordTable(0);
        for (int offset : new int[] {HEADER_BYTES, HEADER_BYTES + 1, HEADER_BYTES + 9, 100}) {
            table.add(StoredRegion.key(64, MODE, NO_CODE, 0, false), offset);
        }
        var record = region(64, 500).toBytes().toArray(ValueLayout.JAVA_BYTE);
        var index = StoreIndex.toBytes(0, table, 0, 4).toArray(ValueLayout.JAVA_BYTE);
        var bytes = ByteBuffer.allocate(HEADER_BYTES + record.length + index.length);
        bytes.order(ByteOrder.LITTLE_ENDIAN).put(Files.readAllBytes(file)).put(record).put(index);
        Files.write(file, bytes.putLong(16, HEADER_BYTES + record.length).array());

        assertThat(found(64)).hasSize(1);
    }

    @Test
    void onlyWhoOpensAFileFirstAddsToIt() throws Exception {
        var region = region(3, 10);
        write(List.of(region));
        try (var first = CodeStore.open(file, FEATURES);
                var second = CodeStore.open(file, FEATURES)) {
            second.add(region(4, 10));
            first.add(region(5, 10));

            assertThat(first.isWritable()).isTrue();
            assertThat(second.isWritable()).isFalse();
            assertThat(second.contains(4, MODE, NO_CODE, 0)).isFalse();
            assertThat(texts(find(second, 3, MODE))).containsExactly(text(region));
        }
        assertThat(found(4)).isEmpty();
        assertThat(found(5)).hasSize(1);
    }

    /// Whether this process holds a lock of the file, as the host has it (proc_locks(5)).
    private boolean isLocked() throws IOException {
        var process = " " + ProcessHandle.current().pid() + " ";
        var inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
        return Files.readAllLines(Path.of("/proc/locks")).stream()
                .anyMatch(line -> line.contains(process) && line.contains(inode));
    }

    @Test
    void whoReadsAFileInTheSameProcessLeavesItLocked() throws Exception {
        try (var first = CodeStore.open(file, FEATURES)) {
            first.add(region(3, 10));
            try (var second = CodeStore.open(file, FEATURES)) {
                assertThat(second.isWritable()).isFalse();
            }
            assertThat(isLocked()).isTrue();
            first.add(region(4, 10));
        }
        assertThat(isLocked()).isFalse();
        assertThat(found(3)).hasSize(1);
        assertThat(found(4)).hasSize(1);
    }

    /// Nobody but the holder of its lock writes a file, but whatever happens to one must not end
    /// who uses it.
    @Test
    void whatIsOverwrittenUnderItsUserIsNotFound() throws Exception {
        var regions = regions(20);
        write(regions);
        try (var store = CodeStore.open(file, FEATURES)) {
            assertThat(store.isWritable()).isTrue();
            try (var other = new RandomAccessFile(file.toFile(), "rw")) {
                other.seek(HEADER_BYTES);
                other.write(new byte[(int) other.length() - HEADER_BYTES]);
            }
            for (var region : regions) {
                assertThat(find(store, region.pc(), MODE)).isEmpty();
            }
        }
    }

    @Test
    void aFileThatIsClosedFindsAndKeepsNothing() throws Exception {
        write(List.of(region(3, 10)));
        var store = CodeStore.open(file, FEATURES);
        store.close();
        store.close();

        assertThat(find(store, 3, MODE)).isEmpty();
        assertThat(store.isWritable()).isFalse();
        store.add(region(4, 10));
        assertThat(found(4)).isEmpty();
    }
}
