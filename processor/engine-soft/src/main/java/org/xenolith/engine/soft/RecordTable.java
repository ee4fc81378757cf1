package org.xenolith.engine.soft;

import java.util.Arrays;

/// Which records of a [CodeStore] a key finds, and where in the file they are; the latest first.
/// For one thread at a time.
final class RecordTable {
    static final int NONE = -1;

    private static final int BUCKETS_MIN = 1 << 16;
    private static final int RECORD_BYTES_USUAL = 512;

    // Records in the order in which they were added: chains of a bucket each, through `next`.
    private final int[] heads;
    private int[] next = new int[1024];
    private int[] offsets = new int[1024];
    private long[] keys = new long[1024];
    private int count;

    /// @param fileBytes of all that is likely to be added soon
    RecordTable(long fileBytes) {
        int buckets = (int) (fileBytes / RECORD_BYTES_USUAL) | BUCKETS_MIN;
        heads = new int[Integer.highestOneBit(buckets)];
        clear();
    }

    void clear() {
        Arrays.fill(heads, NONE);
        count = 0;
    }

    int count() {
        return count;
    }

    void add(long key, int offset) {
        if (count == offsets.length) {
            reserve(2 * count);
        }
        keys[count] = key;
        offsets[count] = offset;
        int bucket = bucket(key);
        next[count] = heads[bucket];
        heads[bucket] = count++;
    }

    private void reserve(int records) {
        offsets = Arrays.copyOf(offsets, records);
        next = Arrays.copyOf(next, records);
        keys = Arrays.copyOf(keys, records);
    }

    private int bucket(long key) {
        return (int) (key >>> 40) & heads.length - 1;
    }

    /// The number of the latest record with a key, or [#NONE].
    int first(long key) {
        return from(heads[bucket(key)], key);
    }

    /// The one before `record` with the same key, or [#NONE].
    int before(int record) {
        return from(next[record], keys[record]);
    }

    private int from(int record, long key) {
        int at = record;
        while (at != NONE && keys[at] != key) {
            at = next[at];
        }
        return at;
    }

    long key(int record) {
        return keys[record];
    }

    int offset(int record) {
        return offsets[record];
    }

    /// How many records there are with a key.
    int variants(long key) {
        int variants = 0;
        for (int record = first(key); record != NONE; record = before(record)) {
            variants++;
        }
        return variants;
    }
}
