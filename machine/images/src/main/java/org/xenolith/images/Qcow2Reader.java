package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// Finds and reads what a qcow2 file, or what is under it, holds of a disk.
final class Qcow2Reader {
    private static final int UNPACKED_BYTES_MAX = 1 << 20;

    private final Qcow2Store store;
    private final Optional<Image> backing;
    private final int clusterBits;
    private final int clusterBytes;

    /// The last compressed clusters that were read, by their L2 entries. A cache.
    private final Map<Long, byte[]> unpacked =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, byte[]> eldest) {
                    return size() > Math.max(1, UNPACKED_BYTES_MAX >> clusterBits);
                }
            };

    Qcow2Reader(Qcow2Store store, Optional<Image> backing) {
        this.store = store;
        this.backing = backing;
        clusterBits = store.header().clusterBits();
        clusterBytes = store.header().clusterBytes();
    }

    /// What was unpacked may be another's now.
    void forgetUnpacked() {
        synchronized (unpacked) {
            unpacked.clear();
        }
    }

    /// How a guest cluster is kept.
    enum Kept {
        ABSENT,
        ZERO,
        COMPRESSED,
        DATA
    }

    Kept kept(long entry) throws ImageException {
        if ((entry & ClusterMap.COMPRESSED) != 0) {
            return Kept.COMPRESSED;
        }
        if ((entry & ClusterMap.ZERO) != 0) {
            if (store.header().version() < 3) {
                throw store.damaged("a zero cluster in a file of version 2");
            }
            return Kept.ZERO;
        }
        long offset = entry & ClusterMap.OFFSET_MASK;
        if (offset == 0) {
            return Kept.ABSENT;
        }
        checkAligned(offset);
        return Kept.DATA;
    }

    void checkAligned(long offset) throws ImageException {
        if ((offset & clusterBytes - 1) != 0) {
            throw store.damaged("a data cluster at %#x".formatted(offset));
        }
    }

    /// Bytes of the disk that are kept alike; `entry` is that of the first cluster.
    record Stretch(Kept kept, long entry, long bytes) {}

    /// What is at `offset`, and how far the same goes, within one slice of a table.
    Stretch look(long offset, long bytesMax) throws ImageException {
        store.lock.lock();
        try {
            long guest = offset >> clusterBits;
            var map = store.map();
            if (map.tableOffset(guest) == 0) {
                return new Stretch(
                        Kept.ABSENT, 0, upTo(guest + map.restOfTable(guest), offset, bytesMax));
            }
            long first = map.entry(guest);
            var kept = kept(first);
            long end = guest + 1;
            long last = guest + map.restOfSlice(guest);
            while (end < last
                    && end << clusterBits < offset + bytesMax
                    && goesOn(kept, first, end - guest, map.entry(end))) {
                end++;
            }
            return new Stretch(kept, first, upTo(end, offset, bytesMax));
        } finally {
            store.lock.unlock();
        }
    }

    long upTo(long guestEnd, long offset, long bytesMax) {
        return Math.min(bytesMax, (guestEnd << clusterBits) - offset);
    }

    private boolean goesOn(Kept kept, long first, long distance, long next) throws ImageException {
        return kept(next) == kept
                && switch (kept) {
                    case ABSENT -> true;
                    case ZERO ->
                            (first & ClusterMap.OFFSET_MASK) == 0
                                    && (next & ClusterMap.OFFSET_MASK) == 0;
                    case COMPRESSED -> false;
                    case DATA ->
                            (next & ClusterMap.OFFSET_MASK)
                                    == (first & ClusterMap.OFFSET_MASK) + (distance << clusterBits);
                };
    }

    int inCluster(long offset) {
        return (int) (offset & clusterBytes - 1);
    }

    void read(long offset, ByteBuffer target) throws ImageException {
        long at = offset;
        while (target.hasRemaining()) {
            var stretch = look(at, target.remaining());
            var piece = Bytes.take(target, (int) stretch.bytes);
            readStretch(stretch, at, piece);
            at += stretch.bytes;
        }
    }

    void readStretch(Stretch stretch, long at, ByteBuffer piece) throws ImageException {
        switch (stretch.kept) {
            case DATA ->
                    store.storage()
                            .read((stretch.entry & ClusterMap.OFFSET_MASK) + inCluster(at), piece);
            case ZERO -> Bytes.fillWithZeros(piece, piece.remaining());
            case COMPRESSED -> piece.put(unpack(stretch.entry), inCluster(at), piece.remaining());
            case ABSENT -> readBacking(at, piece);
        }
    }

    private void readBacking(long at, ByteBuffer piece) throws ImageException {
        long there = backing.isEmpty() ? 0 : Math.max(0, backing.get().size() - at);
        int known = (int) Math.min(piece.remaining(), there);
        if (known > 0) {
            backing.get().read(at, Bytes.take(piece, known));
        }
        Bytes.fillWithZeros(piece, piece.remaining());
    }

    private byte[] unpack(long entry) throws ImageException {
        synchronized (unpacked) {
            var known = unpacked.get(entry);
            if (known != null) {
                return known;
            }
        }
        var place = CompressedPlace.of(entry, clusterBits);
        if (place.offset() >= store.storage().size()) {
            throw new ImageException.Damaged(
                    "%s: compressed cluster at %#x".formatted(store.name(), place.offset()));
        }
        var packed = ByteBuffer.allocate(place.bytes());
        store.storage().read(place.offset(), packed);
        var cluster =
                ClusterCodec.unpack(store.header().compression(), packed.array(), clusterBytes)
                        .orElseThrow(() ->
                                new ImageException.Damaged(
                                        "%s: compressed cluster at %#x cannot be unpacked"
                                                .formatted(store.name(), place.offset())));
        synchronized (unpacked) {
            unpacked.put(entry, cluster);
        }
        return cluster;
    }

    boolean backingKnows(long from) {
        return backing.isPresent() && from < backing.get().size();
    }

    boolean readsAsZeros(long at, long bytes) throws ImageException {
        var kept = look(at, bytes).kept;
        return kept == Kept.ZERO || kept == Kept.ABSENT && !backingKnows(at);
    }

    Extent extent(long offset, long bytesMax) throws ImageException {
        var stretch = look(offset, bytesMax);
        return switch (stretch.kept) {
            case DATA ->
                    new Extent(
                            offset,
                            stretch.bytes,
                            Extent.Kind.DATA,
                            0,
                            OptionalLong.of(
                                    (stretch.entry & ClusterMap.OFFSET_MASK) + inCluster(offset)));
            case COMPRESSED -> extent(offset, stretch.bytes, Extent.Kind.COMPRESSED);
            case ZERO -> extent(offset, stretch.bytes, Extent.Kind.ZERO);
            case ABSENT -> extentBelow(offset, stretch.bytes);
        };
    }

    private static Extent extent(long offset, long bytes, Extent.Kind kind) {
        return new Extent(offset, bytes, kind, 0, OptionalLong.empty());
    }

    private Extent extentBelow(long offset, long bytes) throws ImageException {
        if (!backingKnows(offset)) {
            return extent(offset, bytes, Extent.Kind.ABSENT);
        }
        long known = Math.min(bytes, backing.get().size() - offset);
        return backing.get().extent(offset, known).deeper();
    }
}
