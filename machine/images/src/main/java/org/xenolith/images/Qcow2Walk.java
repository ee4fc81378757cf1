package org.xenolith.images;

/// Goes through everything that an L1 table of a qcow2 file reaches. Its caller holds the store's
/// lock, or is alone.
final class Qcow2Walk {
    /// Is told of every use of clusters: `count` of them from number `first` on.
    interface Visitor {
        void uses(long first, long count) throws ImageException;
    }

    private Qcow2Walk() {}

    /// L2 tables, and the clusters that their entries say. A table that is reached twice is damage:
    /// no program makes that, and going through it again and again could take for ever.
    static void references(Qcow2Store store, long[] l1, Visitor visitor) throws ImageException {
        int bits = store.header().clusterBits();
        var seen = new LongSet();
        for (long l1Entry : l1) {
            long table = l1Entry & ClusterMap.OFFSET_MASK;
            if (table == 0) {
                continue;
            }
            if ((table & store.header().clusterBytes() - 1) != 0
                    || table >= store.storage().size()
                    || store.isFixed(table)
                    || !seen.add(table >> bits)) {
                throw store.damaged("L2 table at %#x".formatted(table));
            }
            visitor.uses(table >> bits, 1);
            for (int i = 0; i < store.header().l2Entries(); i++) {
                entry(store.map().entryOf(table, i), bits, visitor);
            }
        }
    }

    static void entry(long entry, int clusterBits, Visitor visitor) throws ImageException {
        if ((entry & ClusterMap.COMPRESSED) != 0) {
            var place = CompressedPlace.of(entry, clusterBits);
            long first = place.offset() >> clusterBits;
            visitor.uses(first, (place.end() - 1 >> clusterBits) - first + 1);
        } else if ((entry & ClusterMap.OFFSET_MASK) != 0) {
            visitor.uses((entry & ClusterMap.OFFSET_MASK) >> clusterBits, 1);
        }
    }

    /// Sets each "copied" flag of the active tables as the reference counts say. Returns how many
    /// were wrong.
    static int correctCopied(Qcow2Store store) throws ImageException {
        int wrong = 0;
        int bits = store.header().clusterBits();
        var map = store.map();
        for (int index = 0; index < map.l1().length; index++) {
            long l1Entry = map.l1()[index];
            long table = l1Entry & ClusterMap.OFFSET_MASK;
            if (table == 0) {
                continue;
            }
            boolean single = store.refcounts().get(table >> bits) == 1;
            if (single != ((l1Entry & ClusterMap.COPIED) != 0)) {
                map.setTableCopied(index, single);
                wrong++;
            }
            for (int i = 0; i < store.header().l2Entries(); i++) {
                long entry = map.entryOf(table, i);
                long right = withCopied(store, entry, bits);
                if (entry != right) {
                    map.setInPlace(table, i, right);
                    wrong++;
                }
            }
        }
        return wrong;
    }

    private static long withCopied(Qcow2Store store, long entry, int bits) throws ImageException {
        long offset = entry & ClusterMap.OFFSET_MASK;
        if ((entry & ClusterMap.COMPRESSED) != 0 || offset == 0) {
            return entry & ~ClusterMap.COPIED;
        }
        return store.refcounts().get(offset >> bits) == 1
                ? entry | ClusterMap.COPIED
                : entry & ~ClusterMap.COPIED;
    }
}
