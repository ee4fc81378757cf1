package org.xenolith.engine.soft;

import org.xenolith.base.Bug;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.zip.CRC32C;

/// What the file of a [CodeStore] says of its own records, so that who opens it need not look at
/// each: records of another kind among them, each with the keys and places of those between the one
/// before it and itself.
final class StoreIndex {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    // Where the fields of a record are in bytes. Length, checksum and mode are where a region has
    // them, and no region has this mode. Keys follow, then offsets.
    private static final int LENGTH = 0;
    private static final int CHECKSUM = 4;
    private static final int BEFORE = 8;
    private static final int MODE = 16;
    private static final int COUNT = 20;
    private static final int HEADER_BYTES = 24;
    private static final int KIND = -1;
    private static final int ENTRY_BYTES = Long.BYTES + Integer.BYTES;

    /// A record has at least so many entries, so that it is not shorter than a region's, and at
    /// most so many.
    static final int ENTRIES_MIN = 4;

    static final int ENTRIES_MAX = 8192;

    /// There is none.
    static final long NOWHERE = 0;

    private StoreIndex() {}

    /// Whether the record at `at` is of this kind.
    static boolean isAt(MemorySegment file, long at) {
        return file.get(INT, at + MODE) == KIND;
    }

    /// A record of `count` entries of a table.
    ///
    /// @param before where in the file the record before it is, or [#NOWHERE]
    /// @param first the number of the first entry
    static MemorySegment toBytes(long before, RecordTable table, int first, int count) {
        Bug.check(count >= ENTRIES_MIN && count <= ENTRIES_MAX, "an index has bounds");
        int length = HEADER_BYTES + count * ENTRY_BYTES;
        var record = MemorySegment.ofArray(new byte[length]);
        record.set(INT, LENGTH, length);
        record.set(LONG, BEFORE, before);
        record.set(INT, MODE, KIND);
        record.set(INT, COUNT, count);
        for (int entry = 0; entry < count; entry++) {
            record.set(LONG, key(0, entry), table.key(first + entry));
            record.set(INT, offset(0, count, entry), table.offset(first + entry));
        }
        record.set(INT, CHECKSUM, checksum(record));
        return record;
    }

    private static long key(long at, int entry) {
        return at + HEADER_BYTES + (long) entry * Long.BYTES;
    }

    private static long offset(long at, int count, int entry) {
        return key(at, count) + (long) entry * Integer.BYTES;
    }

    private static int checksum(MemorySegment record) {
        var sum = new CRC32C();
        sum.update(record.asSlice(BEFORE).asByteBuffer());
        return (int) sum.getValue();
    }

    /// Fills a table with all that the record at `last` and those before it say. Returns where the
    /// last one ends, or [#NOWHERE] if one of them is not as it was written: then the table is
    /// empty.
    ///
    /// @param begin where the first record of the file is
    static long read(MemorySegment file, long begin, long last, RecordTable table) {
        var all = new ArrayDeque<Long>();
        long end = file.byteSize();
        for (long at = last; at != NOWHERE; at = file.get(LONG, at + BEFORE)) {
            if (at < begin || !isWhole(file, at, end)) {
                return NOWHERE;
            }
            all.push(at);
            end = at;
        }
        for (long at : all) {
            if (!add(file, begin, at, table)) {
                table.clear();
                return NOWHERE;
            }
        }
        return all.isEmpty() ? NOWHERE : last + file.get(INT, last + LENGTH);
    }

    private static boolean isWhole(MemorySegment file, long at, long end) {
        if (at + HEADER_BYTES > end || !isAt(file, at)) {
            return false;
        }
        int count = file.get(INT, at + COUNT);
        int length = file.get(INT, at + LENGTH);
        return count >= ENTRIES_MIN
                && count <= ENTRIES_MAX
                && length == HEADER_BYTES + count * ENTRY_BYTES
                && at + length <= end
                && file.get(INT, at + CHECKSUM) == checksum(file.asSlice(at, length));
    }

    /// False if there are more entries than there may be, or one of what is not there.
    private static boolean add(MemorySegment file, long begin, long at, RecordTable table) {
        int count = file.get(INT, at + COUNT);
        if (table.count() + count > CodeStore.RECORDS_MAX) {
            return false;
        }
        var keys = new long[count];
        var offsets = new int[count];
        MemorySegment.copy(file, LONG, key(at, 0), keys, 0, count);
        MemorySegment.copy(file, INT, offset(at, count, 0), offsets, 0, count);
        for (int entry = 0; entry < count; entry++) {
            if (offsets[entry] < begin || offsets[entry] > at - StoredRegion.BYTES_MIN) {
                return false;
            }
            table.add(keys[entry], offsets[entry]);
        }
        return true;
    }
}
