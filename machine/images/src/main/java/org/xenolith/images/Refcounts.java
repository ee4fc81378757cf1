package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;

/// How often each host cluster of a qcow2 file is used, and which ones are free. Clusters are
/// numbers here: offset divided by cluster size. The store's lock guards it.
///
/// Changes stay in memory until the store writes them; only a new refcount table is written and
/// made durable at once, which happens each time a file has become larger by half.
final class Refcounts {
    /// Of the cache.
    private static final int CACHE_BYTES_MAX = 1 << 20;

    /// Clusters that were freed and are remembered one by one.
    private static final int FREED_MAX = 1 << 16;

    /// How far one request looks for a free cluster before it takes one at the end.
    private static final int SCAN_CLUSTERS_MAX = 4096;

    /// Counted clusters behind the file's end that are stepped over, left by a crash.
    private static final int LEAKED_MAX = 1 << 20;

    private final Qcow2Store store;
    private final SliceCache slices;
    private final int clusterBits;
    private final int order;

    /// log2 of the entries of a refcount block.
    private final int blockBits;

    private long[] table;
    private final BitSet dirtyTable = new BitSet();

    /// Free ones below [#cursor].
    private final TreeSet<Long> freed = new TreeSet<>();

    /// What is below it has been looked at.
    private long cursor;

    /// From here on the file has nothing.
    private long end;

    Refcounts(Qcow2Store store, Qcow2Header header) throws ImageException {
        this.store = store;
        clusterBits = header.clusterBits();
        order = header.refcountOrder();
        blockBits = clusterBits + 3 - order;
        slices = new SliceCache(store.storage(), header.clusterBytes(), CACHE_BYTES_MAX);
        table =
                store.readTable(
                        header.tables().refcountOffset(),
                        header.tables().refcountClusters() << clusterBits - 3);
        end = Math.ceilDiv(store.storage().size(), header.clusterBytes());
        cursor = 1;
        for (int i = 0; i < table.length; i++) {
            if (isBlock(table[i])) {
                store.addMetadata(table[i]);
            }
        }
    }

    SliceCache slices() {
        return slices;
    }

    long maximum() {
        return order == 6 ? Long.MAX_VALUE : (1L << (1 << order)) - 1;
    }

    /// Clusters that the refcount table can count.
    long covered() {
        return (long) table.length << blockBits;
    }

    /// Where the block is that counts `cluster`, 0 if there is none.
    long blockOffset(long cluster) {
        long index = cluster >> blockBits;
        return index < table.length ? table[(int) index] : 0;
    }

    long clustersOfBlock() {
        return 1L << blockBits;
    }

    /// The first cluster behind all that is used.
    long end() {
        return end;
    }

    void setEnd(long cluster) {
        end = Math.max(end, cluster);
        cursor = end;
        freed.clear();
    }

    private boolean isBlock(long offset) {
        return offset > 0 && (offset & (1L << clusterBits) - 1) == 0;
    }

    long get(long cluster) throws ImageException {
        long block = checkedBlock(cluster);
        if (block == 0) {
            return 0;
        }
        long entry = cluster & (1L << blockBits) - 1;
        long at = block + (entry << order >> 3);
        var data = slices.around(at);
        int inSlice = slices.inSlice(at);
        return switch (order) {
            case 3 -> data.get(inSlice) & 0xFF;
            case 4 -> data.getShort(inSlice) & 0xFFFF;
            case 5 -> data.getInt(inSlice) & 0xFFFF_FFFFL;
            case 6 -> data.getLong(inSlice);
            default -> data.get(inSlice) >> (entry << order & 7) & (1 << (1 << order)) - 1;
        };
    }

    private long checkedBlock(long cluster) throws ImageException {
        long block = blockOffset(cluster);
        if (block != 0 && (!isBlock(block) || store.isFixed(block))) {
            throw store.damaged("refcount block at %#x".formatted(block));
        }
        return block;
    }

    /// The cluster's block must be there.
    private void put(long cluster, long value) throws ImageException {
        long block = checkedBlock(cluster);
        long entry = cluster & (1L << blockBits) - 1;
        long at = block + (entry << order >> 3);
        long inByte = entry & (order < 3 ? (8 >> order) - 1 : 0);
        store(slices.toChange(at), order, slices.inSlice(at), inByte, value);
    }

    /// Sets entry number `entry` of a block that begins at `start` of `block`.
    static void store(ByteBuffer block, int order, int start, long entry, long value) {
        int at = start + (int) (entry << order >> 3);
        switch (order) {
            case 3 -> block.put(at, (byte) value);
            case 4 -> block.putShort(at, (short) value);
            case 5 -> block.putInt(at, (int) value);
            case 6 -> block.putLong(at, value);
            default -> {
                int shift = (int) (entry << order & 7);
                int mask = (1 << (1 << order)) - 1 << shift;
                block.put(at, (byte) (block.get(at) & ~mask | (int) value << shift));
            }
        }
    }

    /// Sets a count, whatever it was, and makes its block if there is none.
    void set(long cluster, long value) throws ImageException {
        if (value > maximum()) {
            throw new ImageException.Refused(
                    "%s: reference counts of %d bits cannot count that far"
                            .formatted(store.name(), 1 << order));
        }
        while (blockOffset(cluster) == 0) {
            if (value == 0) {
                return;
            }
            makeBlock(cluster, false);
        }
        put(cluster, value);
    }

    /// One user more.
    void increment(long cluster) throws ImageException {
        set(cluster, get(cluster) + 1);
    }

    /// One user less. Returns whether nobody uses the cluster now.
    boolean decrement(long cluster) throws ImageException {
        long count = get(cluster);
        if (count == 0) {
            throw store.damaged("cluster %d is in use but counted free".formatted(cluster));
        }
        put(cluster, count - 1);
        if (count > 1) {
            return false;
        }
        slices.forget(cluster << clusterBits, 1L << clusterBits);
        if (cluster < cursor && freed.size() < FREED_MAX) {
            freed.add(cluster);
        }
        return true;
    }

    private boolean isFree(long cluster) throws ImageException {
        return get(cluster) == 0 && !store.isMetadata(cluster << clusterBits);
    }

    /// Clusters one after the other, counted once each.
    record Run(long first, int count) {}

    /// Takes at least one cluster and at most `wanted`.
    Run allocate(int wanted) throws ImageException {
        long first = findFree();
        int count = 0;
        while (count < wanted && claim(first + count)) {
            count++;
        }
        return count > 0 ? new Run(first, count) : allocate(wanted);
    }

    /// Takes exactly `count` clusters, at the file's end.
    long allocateAtEnd(int count) throws ImageException {
        long first = stepOverLeaks();
        for (int done = 0; done < count; ) {
            if (claim(first + done)) {
                done++;
            } else {
                release(first, done);
                first = stepOverLeaks();
                done = 0;
            }
        }
        return first;
    }

    private void release(long first, int count) throws ImageException {
        for (int i = 0; i < count; i++) {
            decrement(first + i);
        }
    }

    /// Counts a cluster once if it is free. Its count may need a block first, which may take the
    /// cluster itself.
    private boolean claim(long cluster) throws ImageException {
        if (blockOffset(cluster) == 0 && isFree(cluster)) {
            makeBlock(cluster, true);
        }
        if (!isFree(cluster)) {
            return false;
        }
        put(cluster, 1);
        freed.remove(cluster);
        if (cluster == cursor) {
            cursor++;
        }
        end = Math.max(end, cluster + 1);
        return true;
    }

    private long findFree() throws ImageException {
        while (!freed.isEmpty()) {
            long candidate = freed.first();
            if (isFree(candidate)) {
                return candidate;
            }
            freed.remove(candidate);
        }
        for (int i = 0; i < SCAN_CLUSTERS_MAX && cursor < end; i++) {
            if (isFree(cursor)) {
                return cursor;
            }
            cursor++;
        }
        return stepOverLeaks();
    }

    private long stepOverLeaks() throws ImageException {
        for (int i = 0; i < LEAKED_MAX; i++) {
            if (isFree(end)) {
                return end;
            }
            end++;
        }
        throw store.damaged("no free cluster at the end of the file");
    }

    /// Makes the block that counts `cluster`: in `cluster` itself if it may be taken, else at the
    /// end.
    private void makeBlock(long cluster, boolean mayTake) throws ImageException {
        long index = cluster >> blockBits;
        if (index >= table.length) {
            growTable(index);
            return;
        }
        long home = mayTake ? cluster : end;
        if (home >> blockBits != index) {
            // A home elsewhere is counted elsewhere.
            home = allocateAtEnd(1);
            if (table[(int) index] != 0) {
                return;
            }
        }
        var block = ByteBuffer.allocate(1 << clusterBits);
        if (home >> blockBits == index) {
            countIn(block, home);
        }
        long offset = home << clusterBits;
        slices.forget(offset, block.capacity());
        store.storage().write(offset, block.rewind());
        store.addMetadata(offset);
        table[(int) index] = offset;
        dirtyTable.set((int) index);
        end = Math.max(end, home + 1);
    }

    private void countIn(ByteBuffer block, long cluster) {
        store(block, order, 0, cluster & (1L << blockBits) - 1, 1);
    }

    /// A table for half as many clusters more, with the blocks that count what the table itself
    /// takes. It begins where the old one could no longer count, so nothing else is there.
    private void growTable(long index) throws ImageException {
        long clusterBytes = 1L << clusterBits;
        long firstBlock = Math.max(index, table.length);
        long first = Math.max(firstBlock << blockBits, Bytes.roundUp(end, clustersOfBlock()));
        firstBlock = first >> blockBits;
        long entries = firstBlock + firstBlock / 2 + 64;
        long tableClusters = Math.ceilDiv(entries * 8, clusterBytes);
        if (tableClusters * clusterBytes > Qcow2Header.REFCOUNT_TABLE_BYTES_MAX) {
            throw new ImageException.Refused(
                    store.name() + ": the file has reached the size that its format allows");
        }
        int blocks = 1;
        while ((long) blocks << blockBits < tableClusters + blocks) {
            blocks++;
        }
        var larger = Arrays.copyOf(table, (int) (tableClusters << clusterBits - 3));
        for (int i = 0; i < blocks; i++) {
            long offset = first + tableClusters + i << clusterBits;
            larger[(int) firstBlock + i] = offset;
            writeBlock(offset, first, tableClusters + blocks, firstBlock + i);
            store.addMetadata(offset);
        }
        store.writeTable(first << clusterBits, larger);
        long oldOffset = store.header().tables().refcountOffset();
        int oldClusters = store.header().tables().refcountClusters();
        store.storage().flush();
        store.replaceRefcountTable(first << clusterBits, (int) tableClusters);
        table = larger;
        dirtyTable.clear();
        end = first + tableClusters + blocks;
        store.dropLater(oldOffset >> clusterBits, oldClusters);
    }

    /// A block in which those of the clusters from `first` on are counted that are its own.
    private void writeBlock(long offset, long first, long count, long index) throws ImageException {
        var block = ByteBuffer.allocate(1 << clusterBits);
        for (long cluster = first; cluster < first + count; cluster++) {
            if (cluster >> blockBits == index) {
                countIn(block, cluster);
            }
        }
        slices.forget(offset, block.capacity());
        store.storage().write(offset, block.rewind());
    }

    /// Changed entries of the table: where they are in the file, and what they are.
    record TableEntry(long offset, long value) {}

    List<TableEntry> collectTable() {
        long offset = store.header().tables().refcountOffset();
        var entries =
                dirtyTable.stream()
                        .mapToObj(i -> new TableEntry(offset + i * 8L, table[i]))
                        .toList();
        dirtyTable.clear();
        return entries;
    }

    /// What [#collectTable] gave could not be written.
    void tableNotWritten() {
        for (int i = 0; i < table.length; i++) {
            if (table[i] != 0) {
                dirtyTable.set(i);
            }
        }
    }
}
