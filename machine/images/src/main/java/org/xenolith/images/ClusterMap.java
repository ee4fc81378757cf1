package org.xenolith.images;

import java.util.BitSet;
import java.util.List;

/// Where each guest cluster of a qcow2 file is: the active L1 table, which is in memory, and the L2
/// tables, of which there is a cache. The store's lock guards it.
final class ClusterMap {
    /// Of an L1 entry: the table is used nowhere else. Of an L2 entry: so is the cluster.
    static final long COPIED = 1L << 63;

    /// Of an L2 entry: the cluster is compressed.
    static final long COMPRESSED = 1L << 62;

    /// Of an L2 entry: the cluster reads as zeros. From version 3 on.
    static final long ZERO = 1;

    /// Bits 9 to 55.
    static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;

    private static final int CACHE_BYTES_MAX = 4 << 20;

    /// L1 entries that are written at once: those of 512 bytes.
    private static final int L1_PIECE = 64;

    private final Qcow2Store store;
    private final SliceCache slices;
    private final int clusterBits;
    private long[] l1;
    private final BitSet dirtyPieces = new BitSet();

    ClusterMap(Qcow2Store store, Qcow2Header header) throws ImageException {
        this.store = store;
        clusterBits = header.clusterBits();
        slices = new SliceCache(store.storage(), header.clusterBytes(), CACHE_BYTES_MAX);
        replaceL1(store.readTable(header.tables().l1Offset(), header.tables().l1Entries()));
    }

    SliceCache slices() {
        return slices;
    }

    long[] l1() {
        return l1;
    }

    /// Another L1 table, which is in the file already, becomes the active one.
    void replaceL1(long[] table) {
        l1 = table;
        dirtyPieces.clear();
        for (long entry : l1) {
            long offset = entry & OFFSET_MASK;
            if (offset != 0 && (offset & (1L << clusterBits) - 1) == 0) {
                store.addMetadata(offset);
            }
        }
    }

    int l1Index(long guestCluster) {
        return (int) (guestCluster >> clusterBits - 3);
    }

    private long l2Index(long guestCluster) {
        return guestCluster & (1L << clusterBits - 3) - 1;
    }

    /// Guest clusters that the slice knows in which `guestCluster` is, from there to its end.
    long restOfSlice(long guestCluster) {
        long entries = Math.min(1L << clusterBits, SliceCache.SLICE_BYTES_MAX) / 8;
        return entries - (guestCluster & entries - 1);
    }

    /// Guest clusters from this one on that have the same L1 entry.
    long restOfTable(long guestCluster) {
        return (1L << clusterBits - 3) - l2Index(guestCluster);
    }

    /// Where the L2 table of a guest cluster is, 0 if there is none.
    long tableOffset(long guestCluster) throws ImageException {
        int index = l1Index(guestCluster);
        return index < l1.length ? checkedTable(l1[index]) : 0;
    }

    private long checkedTable(long l1Entry) throws ImageException {
        long offset = l1Entry & OFFSET_MASK;
        if (offset == 0) {
            return 0;
        }
        if ((offset & (1L << clusterBits) - 1) != 0
                || store.isFixed(offset)
                || !store.isMetadata(offset)) {
            throw store.damaged("L2 table at %#x".formatted(offset));
        }
        return offset;
    }

    /// The L2 entry of a guest cluster; 0 if it has none.
    long entry(long guestCluster) throws ImageException {
        long table = tableOffset(guestCluster);
        if (table == 0) {
            return 0;
        }
        long at = table + l2Index(guestCluster) * 8;
        return slices.around(at).getLong(slices.inSlice(at));
    }

    /// Sets the L2 entry. Its table is made, or copied, if this image may not change it.
    void set(long guestCluster, long entry) throws ImageException {
        long table = tableToChange(guestCluster);
        long at = table + l2Index(guestCluster) * 8;
        slices.toChange(at).putLong(slices.inSlice(at), entry);
    }

    private long tableToChange(long guestCluster) throws ImageException {
        int index = l1Index(guestCluster);
        long old = checkedTable(l1[index]);
        if (old != 0 && (l1[index] & COPIED) != 0) {
            return old;
        }
        long cluster = store.refcounts().allocate(1).first();
        long offset = cluster << clusterBits;
        slices.forget(offset, 1L << clusterBits);
        var content = new long[1 << clusterBits - 3];
        if (old != 0) {
            for (int i = 0; i < content.length; i++) {
                long at = old + i * 8L;
                content[i] = slices.around(at).getLong(slices.inSlice(at));
            }
        }
        store.writeTable(offset, content);
        store.addMetadata(offset);
        l1[index] = offset | COPIED;
        dirtyPieces.set(index / L1_PIECE);
        if (old != 0) {
            store.dropLater(old >> clusterBits, 1);
        }
        return offset;
    }

    /// Takes a whole L2 table out; what it points to is the caller's to drop.
    void clearTable(int index) {
        l1[index] = 0;
        dirtyPieces.set(index / L1_PIECE);
    }

    /// Says whether the table of an L1 entry is this image's alone.
    void setTableCopied(int index, boolean copied) {
        long entry = copied ? l1[index] | COPIED : l1[index] & ~COPIED;
        if (entry != l1[index]) {
            l1[index] = entry;
            dirtyPieces.set(index / L1_PIECE);
        }
    }

    /// Sets an entry in a table wherever that is used, without making or copying it.
    void setInPlace(long table, int index, long entry) throws ImageException {
        long at = table + index * 8L;
        slices.toChange(at).putLong(slices.inSlice(at), entry);
    }

    long entryOf(long table, int index) throws ImageException {
        long at = table + index * 8L;
        return slices.around(at).getLong(slices.inSlice(at));
    }

    /// A changed part of the L1 table, and where it is in the file.
    record L1Piece(long offset, long[] entries) {}

    List<L1Piece> collectL1() {
        long offset = store.header().tables().l1Offset();
        var pieces =
                dirtyPieces.stream()
                        .mapToObj(piece -> {
                            int from = piece * L1_PIECE;
                            int to = Math.min(l1.length, from + L1_PIECE);
                            return new L1Piece(
                                    offset + from * 8L, java.util.Arrays.copyOfRange(l1, from, to));
                        })
                        .toList();
        dirtyPieces.clear();
        return pieces;
    }

    /// What [#collectL1] gave could not be written.
    void l1NotWritten() {
        dirtyPieces.set(0, Math.ceilDiv(l1.length, L1_PIECE));
    }
}
