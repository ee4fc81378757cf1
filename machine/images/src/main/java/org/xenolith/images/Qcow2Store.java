package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A qcow2 file's own structures, and the order in which their changes reach the file.
///
/// Guest data is written at once, to clusters that no table in the file knows yet. Changes of the
/// tables stay in memory until [#flush], which writes them in an order that is right wherever it
/// breaks off; `|` is a flush of the host's file:
///
/// ```
/// data, reference counts | refcount table | L2 tables | L1 table | what is used no more
/// ```
///
/// So a cluster is counted before it is used, and what it holds is there before a table says so. A
/// cluster whose last use is gone is free only when the file has forgotten that use: until then a
/// crash costs space, never content.
///
/// [#lock] guards everything here but [#flush] itself.
final class Qcow2Store {
    /// Changed tables in memory beyond which the next request writes them.
    private static final int DIRTY_BYTES_MAX = 2 << 20;

    /// Clusters that wait to be freed, beyond which the next request frees them.
    private static final int DROPPED_MAX = 1 << 16;

    final ReentrantLock lock = new ReentrantLock();
    final Condition settled = lock.newCondition();

    /// One flush at a time. Taken before [#lock].
    private final ReentrantLock flushing = new ReentrantLock();

    private final Storage storage;
    private final boolean readOnly;
    private volatile Qcow2Header header;
    private final LongSet metadata = new LongSet();
    private final List<Range> fixed = new ArrayList<>();
    private final Refcounts refcounts;
    private final ClusterMap map;

    /// Uses that tables in memory have given up; those in the file may not have.
    private List<Range> dropped = new ArrayList<>();

    /// Uses that the file has given up too.
    private final List<Range> droppable = new ArrayList<>();

    private int droppedClusters;

    /// Clusters of the file: `count` of them from number `first` on.
    private record Range(long first, long count) {}

    Qcow2Store(Storage storage, Qcow2Header header, boolean readOnly) throws ImageException {
        this.storage = storage;
        this.header = header;
        this.readOnly = readOnly;
        findFixed();
        refcounts = new Refcounts(this, header);
        map = new ClusterMap(this, header);
    }

    String name() {
        return storage.name();
    }

    Storage storage() {
        return storage;
    }

    Qcow2Header header() {
        return header;
    }

    Refcounts refcounts() {
        return refcounts;
    }

    ClusterMap map() {
        return map;
    }

    /// A finding that makes the file unfit to be written: it says so from now on, where its version
    /// can.
    ImageException damaged(String what) {
        var damage = new ImageException.Damaged(name() + ": " + what);
        if (!readOnly && header.version() >= 3 && !header.isCorrupt()) {
            try {
                writeHeader(header.withIncompatible(Qcow2Header.Features.CORRUPT, true));
            } catch (ImageException e) {
                damage.addSuppressed(e);
            }
        }
        return damage;
    }

    void checkSound() throws ImageException {
        if (header.isCorrupt()) {
            throw new ImageException.Damaged(
                    name() + ": is marked corrupt; it can be read, and repaired by a check");
        }
    }

    // What may not be written by a guest.

    private void findFixed() {
        fixed.clear();
        var tables = header.tables();
        addFixed(0, 1);
        addFixed(tables.l1Offset(), tables.l1Entries() * 8L);
        addFixed(tables.refcountOffset(), (long) tables.refcountClusters() << header.clusterBits());
        addFixed(tables.snapshotsOffset(), tables.snapshots());
        header.bitmaps().ifPresent(bitmaps -> addFixed(bitmaps.offset(), bitmaps.bytes()));
    }

    private void addFixed(long offset, long bytes) {
        if (bytes > 0) {
            fixed.add(new Range(offset >> header.clusterBits(), clusters(bytes)));
        }
    }

    long clusters(long bytes) {
        return Math.ceilDiv(bytes, (long) header.clusterBytes());
    }

    /// Whether a cluster is of the header or of a table that its header points to.
    boolean isFixed(long offset) {
        long cluster = offset >> header.clusterBits();
        for (var range : fixed) {
            if (cluster >= range.first && cluster - range.first < range.count) {
                return true;
            }
        }
        return false;
    }

    boolean isMetadata(long offset) {
        long cluster = offset >> header.clusterBits();
        return isFixed(offset) || cluster > 0 && metadata.contains(cluster);
    }

    /// An L2 table or a refcount block, unless it is outside the file.
    void addMetadata(long offset) {
        long cluster = offset >> header.clusterBits();
        if (cluster > 0) {
            metadata.add(cluster);
        }
    }

    // Tables

    long[] readTable(long offset, int entries) throws ImageException {
        var bytes = ByteBuffer.allocate(entries * 8);
        storage.read(offset, bytes);
        var table = new long[entries];
        bytes.flip().asLongBuffer().get(table);
        return table;
    }

    void writeTable(long offset, long[] table) throws ImageException {
        var bytes = ByteBuffer.allocate(table.length * 8);
        bytes.asLongBuffer().put(table);
        storage.write(offset, bytes);
    }

    void writeHeader(Qcow2Header next) throws ImageException {
        storage.write(0, next.encode(name()));
        header = next;
        findFixed();
    }

    void replaceRefcountTable(long offset, int clusters) throws ImageException {
        var old = header.tables();
        writeHeader(
                header.with(
                        new Qcow2Header.Tables(
                                old.l1Offset(),
                                old.l1Entries(),
                                offset,
                                clusters,
                                old.snapshotsOffset(),
                                old.snapshots())));
        storage.flush();
    }

    // What is used no more

    /// One use of each of `count` clusters is over.
    void dropLater(long cluster, long count) {
        if (!dropped.isEmpty()) {
            var last = dropped.getLast();
            if (last.first + last.count == cluster) {
                dropped.set(dropped.size() - 1, new Range(last.first, last.count + count));
                droppedClusters += (int) count;
                return;
            }
        }
        dropped.add(new Range(cluster, count));
        droppedClusters += (int) count;
    }

    /// The use that an L2 entry makes of the file is over.
    void dropEntryLater(long entry) {
        int bits = header.clusterBits();
        if ((entry & ClusterMap.COMPRESSED) != 0) {
            var place = CompressedPlace.of(entry, bits);
            long first = place.offset() >> bits;
            dropLater(first, (place.end() - 1 >> bits) - first + 1);
        } else if ((entry & ClusterMap.OFFSET_MASK) != 0) {
            dropLater((entry & ClusterMap.OFFSET_MASK) >> bits, 1);
        }
    }

    boolean isOverdue() {
        lock.lock();
        try {
            int dirty = refcounts.slices().dirtyBytes() + map.slices().dirtyBytes();
            return dirty > DIRTY_BYTES_MAX || droppedClusters > DROPPED_MAX;
        } finally {
            lock.unlock();
        }
    }

    boolean hasDroppable() {
        lock.lock();
        try {
            return !droppable.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /// Frees what the file uses no more. No request may be under way that could have seen it in
    /// use.
    void drop() throws ImageException {
        lock.lock();
        try {
            // Whatever fails from here on costs space only.
            var ranges = List.copyOf(droppable);
            droppable.clear();
            long start = 0;
            long end = 0;
            for (var range : ranges) {
                for (long cluster = range.first; cluster < range.first + range.count; cluster++) {
                    if (!free(cluster)) {
                        continue;
                    }
                    if (cluster != end) {
                        giveBack(start, end);
                        start = cluster;
                    }
                    end = cluster + 1;
                }
            }
            giveBack(start, end);
        } finally {
            lock.unlock();
        }
    }

    private boolean free(long cluster) throws ImageException {
        int bits = header.clusterBits();
        if (isFixed(cluster << bits)) {
            throw damaged("cluster %d holds a table and something else".formatted(cluster));
        }
        if (!refcounts.decrement(cluster)) {
            return false;
        }
        map.slices().forget(cluster << bits, 1L << bits);
        metadata.remove(cluster);
        return true;
    }

    private void giveBack(long first, long end) throws ImageException {
        long from = first << header.clusterBits();
        long to = Math.min(end << header.clusterBits(), storage.size());
        if (from < to) {
            storage.zero(from, to - from);
        }
    }

    // Flush

    /// Everything that was changed in memory at one moment.
    private record Changes(
            List<SliceCache.Snapshot> counts,
            List<Refcounts.TableEntry> table,
            List<SliceCache.Snapshot> l2,
            List<ClusterMap.L1Piece> l1,
            List<Range> drops) {}

    /// Makes all changes durable. Must not be called with [#lock] held.
    void flush() throws ImageException {
        flushing.lock();
        try {
            var changes = collect();
            boolean written = false;
            try {
                write(changes);
                written = true;
            } finally {
                settle(changes, written);
            }
        } finally {
            flushing.unlock();
        }
    }

    private Changes collect() {
        lock.lock();
        try {
            var drops = dropped;
            dropped = new ArrayList<>();
            return new Changes(
                    refcounts.slices().collect(),
                    refcounts.collectTable(),
                    map.slices().collect(),
                    map.collectL1(),
                    drops);
        } finally {
            lock.unlock();
        }
    }

    private void write(Changes changes) throws ImageException {
        for (var slice : changes.counts) {
            slice.writeTo(storage);
        }
        storage.flush();
        if (!changes.table.isEmpty()) {
            for (var entry : changes.table) {
                writeTable(entry.offset(), new long[] {entry.value()});
            }
            storage.flush();
        }
        if (!changes.l2.isEmpty()) {
            for (var slice : changes.l2) {
                slice.writeTo(storage);
            }
            storage.flush();
        }
        if (!changes.l1.isEmpty()) {
            for (var piece : changes.l1) {
                writeTable(piece.offset(), piece.entries());
            }
            storage.flush();
        }
    }

    private void settle(Changes changes, boolean written) {
        lock.lock();
        try {
            if (written) {
                refcounts.slices().written(changes.counts);
                map.slices().written(changes.l2);
                droppable.addAll(changes.drops);
                droppedClusters = dropped.stream().mapToInt(range -> (int) range.count).sum();
            } else {
                refcounts.slices().notWritten(changes.counts);
                map.slices().notWritten(changes.l2);
                refcounts.tableNotWritten();
                map.l1NotWritten();
                dropped.addAll(changes.drops);
            }
        } finally {
            lock.unlock();
        }
    }
}
