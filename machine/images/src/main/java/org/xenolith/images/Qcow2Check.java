package org.xenolith.images;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Counts anew how every cluster of a qcow2 file is used, and compares that with what the file
/// says. Nobody else may use the file meanwhile.
final class Qcow2Check {
    private final Qcow2Store store;
    private final CheckReport.Repair repair;
    private final int bits;
    private final long fileClusters;
    private final ReferenceCounts counts = new ReferenceCounts();
    private final List<String> problems = new ArrayList<>();

    /// L2 tables by their clusters, and how many L1 tables point to each.
    private final Map<Long, Integer> tables = new HashMap<>();

    /// Offsets of refcount blocks that cannot be what they should.
    private final Set<Long> unusable = new HashSet<>();

    private long corruptions;
    private long leaks;
    private long corruptionsFixed;
    private long leaksFixed;
    private long allocated;
    private long fragmented;
    private long compressed;
    private long lastData = -1;

    private Qcow2Check(Qcow2Store store, CheckReport.Repair repair) throws ImageException {
        this.store = store;
        this.repair = repair;
        bits = store.header().clusterBits();
        fileClusters = store.clusters(store.storage().size());
    }

    static CheckReport run(Qcow2Store store, CheckReport.Repair repair) throws ImageException {
        var check = new Qcow2Check(store, repair);
        check.run();
        if (repair == CheckReport.Repair.ALL) {
            if (check.corruptionsFixed > 0) {
                check = check.again();
            }
            if (check.corruptions == 0) {
                check.declareSound();
            }
        }
        return check.report();
    }

    private void run() throws ImageException {
        count();
        compareCounts();
        compareFlags();
        if (corruptionsFixed + leaksFixed > 0) {
            store.flush();
        }
    }

    /// What was mended may have made new tables, so all is counted once more.
    private Qcow2Check again() throws ImageException {
        var second = new Qcow2Check(store, CheckReport.Repair.LEAKS);
        second.problems.addAll(problems);
        second.corruptionsFixed = corruptionsFixed;
        second.leaksFixed = leaksFixed;
        second.run();
        return second;
    }

    private CheckReport report() {
        return new CheckReport(
                ImageFormat.QCOW2,
                List.copyOf(problems),
                corruptions,
                leaks,
                corruptionsFixed,
                leaksFixed,
                counts.end() << bits,
                store.clusters(store.header().size()),
                allocated,
                fragmented,
                compressed);
    }

    private void declareSound() throws ImageException {
        var header = store.header();
        if (header.isDirty() || header.isCorrupt()) {
            store.writeHeader(
                    header.withIncompatible(Qcow2Header.Features.DIRTY, false)
                            .withIncompatible(Qcow2Header.Features.CORRUPT, false));
            store.storage().flush();
        }
    }

    private void note(String format, Object... values) {
        if (problems.size() < CheckReport.PROBLEMS_MAX) {
            problems.add(format.formatted(values));
        }
    }

    private void corrupt(String format, Object... values) {
        corruptions++;
        note(format, values);
    }

    // Counting

    private void count() throws ImageException {
        var header = store.header();
        counts.add(0, 1);
        countRange(header.tables().l1Offset(), header.tables().l1Entries() * 8L);
        countRange(
                header.tables().refcountOffset(),
                (long) header.tables().refcountClusters() << bits);
        countBlocks();
        addTables(store.map().l1(), "the active L1 table");
        countSnapshots();
        for (long cluster : Qcow2Bitmaps.load(store).clusters()) {
            countCluster(cluster, 1, "a bitmap");
        }
        for (var table : tables.entrySet()) {
            countCluster(table.getKey(), table.getValue(), "an L2 table");
            countEntries(table.getKey() << bits, table.getValue());
        }
    }

    private void countRange(long offset, long bytes) {
        for (long i = 0; i < store.clusters(bytes); i++) {
            counts.add((offset >> bits) + i, 1);
        }
    }

    private void countCluster(long cluster, long times, String what) {
        if (cluster >= fileClusters) {
            corrupt("%s has cluster %d, behind the file's end", what, cluster);
        } else {
            counts.add(cluster, times);
        }
    }

    private void countBlocks() {
        var refcounts = store.refcounts();
        for (long first = 0; first < refcounts.covered(); first += refcounts.clustersOfBlock()) {
            long block = refcounts.blockOffset(first);
            if (block == 0) {
                continue;
            }
            if ((block & store.header().clusterBytes() - 1) != 0
                    || block < 0
                    || block >> bits >= fileClusters) {
                unusable.add(block);
                corrupt("refcount block at %#x", block);
            } else if (counts.get(block >> bits) > 0) {
                unusable.add(block);
                corrupt("refcount block at %#x is in use otherwise", block);
            } else {
                counts.add(block >> bits, 1);
            }
        }
    }

    private void countSnapshots() throws ImageException {
        var snapshots = Qcow2Snapshots.load(store);
        countRange(store.header().tables().snapshotsOffset(), snapshots.tableBytes());
        for (var entry : snapshots.entries()) {
            countRange(entry.l1Offset(), entry.l1Entries() * 8L);
            addTables(snapshots.l1Of(entry), "snapshot \"" + entry.snapshot().name() + "\"");
        }
    }

    private void addTables(long[] l1, String whose) {
        var seen = new LongSet();
        for (long entry : l1) {
            long offset = entry & ClusterMap.OFFSET_MASK;
            if (offset == 0) {
                continue;
            }
            if ((offset & store.header().clusterBytes() - 1) != 0
                    || offset >> bits >= fileClusters
                    || store.isFixed(offset)) {
                corrupt("%s has an L2 table at %#x", whose, offset);
            } else if (!seen.add(offset >> bits)) {
                corrupt("%s has the L2 table at %#x twice", whose, offset);
            } else {
                tables.merge(offset >> bits, 1, Integer::sum);
            }
        }
    }

    private void countEntries(long table, int times) throws ImageException {
        if (isHole(table)) {
            return;
        }
        boolean active = isActive(table);
        for (int i = 0; i < store.header().l2Entries(); i++) {
            long entry = store.map().entryOf(table, i);
            if (entry != 0) {
                countEntry(entry, times, active);
            }
        }
    }

    private boolean isHole(long offset) throws ImageException {
        return store.storage().nextData(offset) >= offset + store.header().clusterBytes();
    }

    private final LongSet activeTables = new LongSet();

    private boolean isActive(long table) {
        if (activeTables.size() == 0) {
            for (long entry : store.map().l1()) {
                if ((entry & ClusterMap.OFFSET_MASK) != 0) {
                    activeTables.add((entry & ClusterMap.OFFSET_MASK) >> 9);
                }
            }
        }
        return activeTables.contains(table >> 9);
    }

    private void countEntry(long entry, int times, boolean active) throws ImageException {
        long offset = entry & ClusterMap.OFFSET_MASK;
        boolean packed = (entry & ClusterMap.COMPRESSED) != 0;
        if (!packed && (offset & store.header().clusterBytes() - 1) != 0) {
            corrupt("a data cluster at %#x", offset);
            return;
        }
        Qcow2Walk.entry(
                entry,
                bits,
                (first, count) -> {
                    // The last sector of a compressed cluster may be behind the end of the file.
                    for (long cluster = first; cluster < first + count; cluster++) {
                        countCluster(cluster, times, "a data cluster");
                    }
                });
        if (active && (packed || offset != 0)) {
            allocated++;
            if (packed) {
                compressed++;
                fragmented++;
            } else {
                fragmented += lastData >= 0 && offset != lastData + (1L << bits) ? 1 : 0;
                lastData = offset;
            }
        }
    }

    // Comparing

    private void compareCounts() throws ImageException {
        var refcounts = store.refcounts();
        if (repair == CheckReport.Repair.ALL) {
            refcounts.setEnd(Math.max(counts.end(), fileClusters));
        }
        long blockClusters = refcounts.clustersOfBlock();
        long limit = Math.max(refcounts.covered(), counts.end());
        long first = 0;
        while (first < limit) {
            long end = Math.min(limit, first + blockClusters);
            long block = refcounts.blockOffset(first);
            boolean usable = isUsable(block);
            if (usable && !isHole(block)) {
                compareRange(first, end, true);
            } else {
                for (long c = counts.next(first, end); c < end; c = counts.next(c + 1, end)) {
                    compareRange(c, c + 1, usable);
                }
            }
            first = end;
        }
    }

    private boolean isUsable(long block) {
        return block != 0 && !unusable.contains(block);
    }

    private void compareRange(long first, long end, boolean readable) throws ImageException {
        for (long cluster = first; cluster < end; cluster++) {
            long counted = counts.get(cluster);
            long said = readable ? store.refcounts().get(cluster) : 0;
            if (counted != said) {
                differ(cluster, said, counted);
            }
        }
    }

    private void differ(long cluster, long said, long counted) throws ImageException {
        boolean leak = said > counted;
        if (leak && repair == CheckReport.Repair.ALL && cluster >= fileClusters) {
            return; // Perhaps a table that was made just now.
        }
        boolean mend =
                repair == CheckReport.Repair.ALL && mayCount(cluster)
                        || repair == CheckReport.Repair.LEAKS && leak;
        note(
                "%s cluster %d is counted %d times, used %d times%s",
                leak ? "leaked" : "wrong:", cluster, said, counted, mend ? "; mended" : "");
        if (mend) {
            store.refcounts().set(cluster, counted);
            if (store.isOverdue()) {
                store.flush();
            }
            leaksFixed += leak ? 1 : 0;
            corruptionsFixed += leak ? 0 : 1;
        } else {
            leaks += leak ? 1 : 0;
            corruptions += leak ? 0 : 1;
        }
    }

    /// Whether a count can be set: it has a sound block, or can have a new one.
    private boolean mayCount(long cluster) {
        return !unusable.contains(store.refcounts().blockOffset(cluster));
    }

    private void compareFlags() throws ImageException {
        if (corruptions > 0) {
            return;
        }
        if (repair == CheckReport.Repair.ALL) {
            corruptionsFixed += Qcow2Walk.correctCopied(store);
            return;
        }
        for (long l1Entry : store.map().l1()) {
            long table = l1Entry & ClusterMap.OFFSET_MASK;
            if (table == 0) {
                continue;
            }
            compareFlag(l1Entry, table);
            for (int i = 0; i < store.header().l2Entries(); i++) {
                long entry = store.map().entryOf(table, i);
                long offset = entry & ClusterMap.OFFSET_MASK;
                if ((entry & ClusterMap.COMPRESSED) == 0 && offset != 0) {
                    compareFlag(entry, offset);
                }
            }
        }
    }

    private void compareFlag(long entry, long offset) throws ImageException {
        boolean single = store.refcounts().get(offset >> bits) == 1;
        if (single != ((entry & ClusterMap.COPIED) != 0)) {
            corrupt("the cluster at %#x has the wrong \"copied\" flag", offset);
        }
    }
}
