package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/// Writes guest data into a qcow2 file: where a cluster is this image's alone, in place; else into
/// new clusters, of which the tables learn when the data is written.
///
/// A write says which guest clusters it is about to place; others that want the same ones wait.
final class Qcow2Writer {
    /// Clusters are taken at once for this many bytes of one request.
    private static final int PLACED_BYTES_MAX = 2 << 20;

    /// Up to this size a new cluster is put together in memory and written whole.
    private static final int WHOLE_CLUSTER_BYTES_MAX = 1 << 16;

    private final Qcow2Store store;
    private final Qcow2Reader reader;
    private final int clusterBits;
    private final int clusterBytes;

    /// Guest clusters that a request is about to place.
    private final Set<Long> placing = new HashSet<>();

    /// Where the next packed cluster begins; at the begin of a cluster: in a new one.
    private long packedEnd;

    Qcow2Writer(Qcow2Store store, Qcow2Reader reader) {
        this.store = store;
        this.reader = reader;
        clusterBits = store.header().clusterBits();
        clusterBytes = store.header().clusterBytes();
    }

    void write(long offset, ByteBuffer source) throws ImageException {
        long at = offset;
        while (source.hasRemaining()) {
            at += writeSome(at, source);
        }
    }

    /// Clusters that a write is about to place: as many as `entries`, from guest cluster `guest`
    /// on, at `hostOffset`. `fresh`: they were taken for it.
    private record Placement(long guest, long[] entries, long hostOffset, boolean fresh) {}

    /// Writes at least one byte, and what fits in one place; returns how much.
    long writeSome(long at, ByteBuffer source) throws ImageException {
        long inPlace = -1;
        int bytes = 0;
        Placement placement = null;
        store.lock.lock();
        try {
            awaitPlaced(at >> clusterBits);
            long entry = store.map().entry(at >> clusterBits);
            if (isOurs(entry)) {
                var stretch = reader.look(at, source.remaining());
                bytes = (int) oursOnly(stretch, at);
                inPlace = (entry & ClusterMap.OFFSET_MASK) + reader.inCluster(at);
                checkNoTable(inPlace, bytes);
            } else {
                placement = place(at, source.remaining());
            }
        } finally {
            store.lock.unlock();
        }
        if (placement == null) {
            store.storage().write(inPlace, Bytes.take(source, bytes));
            return bytes;
        }
        return writePlaced(placement, at, source);
    }

    void awaitPlaced(long guest) {
        while (placing.contains(guest)) {
            store.settled.awaitUninterruptibly();
        }
    }

    /// Whether a cluster may be changed where it is.
    private boolean isOurs(long entry) throws ImageException {
        return reader.kept(entry) == Qcow2Reader.Kept.DATA && (entry & ClusterMap.COPIED) != 0;
    }

    /// How much of a stretch of data may be changed where it is.
    private long oursOnly(Qcow2Reader.Stretch stretch, long at) throws ImageException {
        long guest = at >> clusterBits;
        long end = guest + 1;
        while (end << clusterBits < at + stretch.bytes()
                && !placing.contains(end)
                && isOurs(store.map().entry(end))) {
            end++;
        }
        return reader.upTo(end, at, stretch.bytes());
    }

    private void checkNoTable(long hostOffset, long bytes) throws ImageException {
        for (long at = hostOffset & -clusterBytes; at < hostOffset + bytes; at += clusterBytes) {
            if (store.isMetadata(at) || at >> clusterBits >= store.refcounts().end()) {
                throw store.damaged(
                        "a data cluster at %#x, in a table or behind the end".formatted(at));
            }
        }
    }

    private Placement place(long at, long bytes) throws ImageException {
        long guest = at >> clusterBits;
        long last = (at + Math.min(bytes, PLACED_BYTES_MAX) - 1) >> clusterBits;
        int wanted = 1;
        long first = store.map().entry(guest);
        if (isReserved(first)) {
            long host = first & ClusterMap.OFFSET_MASK;
            reader.checkAligned(host);
            checkNoTable(host, 1);
            placing.add(guest);
            return new Placement(guest, new long[] {first}, host, false);
        }
        while (guest + wanted <= last
                && !placing.contains(guest + wanted)
                && needsPlace(store.map().entry(guest + wanted))) {
            wanted++;
        }
        var run = store.refcounts().allocate(wanted);
        var entries = new long[run.count()];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = store.map().entry(guest + i);
            placing.add(guest + i);
        }
        return new Placement(guest, entries, run.first() << clusterBits, true);
    }

    private boolean needsPlace(long entry) throws ImageException {
        return !isOurs(entry) && !isReserved(entry);
    }

    /// A cluster of zeros that has a place of its own already.
    private boolean isReserved(long entry) throws ImageException {
        return reader.kept(entry) == Qcow2Reader.Kept.ZERO
                && (entry & ClusterMap.OFFSET_MASK) != 0
                && (entry & ClusterMap.COPIED) != 0;
    }

    private long writePlaced(Placement placement, long at, ByteBuffer source)
            throws ImageException {
        int count = placement.entries.length;
        int bytes =
                (int)
                        Math.min(
                                source.remaining(),
                                reader.upTo(placement.guest + count, at, Long.MAX_VALUE));
        boolean done = false;
        try {
            fill(placement, at, Bytes.take(source, bytes));
            done = true;
        } finally {
            settle(placement, done);
        }
        return bytes;
    }

    /// Writes whole clusters: `data`, and around it what was there before.
    private void fill(Placement placement, long at, ByteBuffer data) throws ImageException {
        long start = placement.guest << clusterBits;
        int count = placement.entries.length;
        long end = start + ((long) count << clusterBits);
        long dataEnd = at + data.remaining();
        if (count == 1 && clusterBytes <= WHOLE_CLUSTER_BYTES_MAX) {
            var cluster = ByteBuffer.allocate(clusterBytes);
            readOld(placement.entries[0], start, cluster.slice(0, (int) (at - start)));
            cluster.position((int) (at - start)).put(data);
            readOld(placement.entries[0], dataEnd, cluster.slice());
            store.storage().write(placement.hostOffset, cluster.rewind());
            return;
        }
        copyOld(placement, placement.entries[0], start, at);
        store.storage().write(placement.hostOffset + (at - start), data);
        copyOld(placement, placement.entries[count - 1], dataEnd, end);
    }

    private void readOld(long entry, long at, ByteBuffer piece) throws ImageException {
        if (piece.hasRemaining()) {
            reader.readStretch(
                    new Qcow2Reader.Stretch(reader.kept(entry), entry, piece.remaining()),
                    at,
                    piece);
        }
    }

    /// Copies what was from `from` to `to`, which is inside one cluster, into the new place.
    private void copyOld(Placement placement, long entry, long from, long to)
            throws ImageException {
        if (from == to) {
            return;
        }
        long hostOffset = placement.hostOffset + from - (placement.guest << clusterBits);
        var kept = reader.kept(entry);
        if (kept == Qcow2Reader.Kept.ZERO
                || kept == Qcow2Reader.Kept.ABSENT && !reader.backingKnows(from)) {
            long inFile = Math.min(to - from, store.storage().size() - hostOffset);
            if (inFile > 0) {
                store.storage().zero(hostOffset, inFile);
            }
            return;
        }
        var piece = ByteBuffer.allocate((int) (to - from));
        readOld(entry, from, piece);
        store.storage().write(hostOffset, piece.rewind());
    }

    /// The clusters are written, or not: tables learn of them, or they are free again.
    private void settle(Placement placement, boolean written) throws ImageException {
        store.lock.lock();
        try {
            for (int i = 0; i < placement.entries.length; i++) {
                long host = placement.hostOffset + ((long) i << clusterBits);
                if (written) {
                    store.map().set(placement.guest + i, host | ClusterMap.COPIED);
                    if (placement.fresh) {
                        store.dropEntryLater(placement.entries[i]);
                    }
                } else if (placement.fresh) {
                    store.refcounts().decrement(host >> clusterBits);
                }
            }
        } finally {
            for (int i = 0; i < placement.entries.length; i++) {
                placing.remove(placement.guest + i);
            }
            store.settled.signalAll();
            store.lock.unlock();
        }
    }

    /// Writes a whole cluster, compressed if that makes it smaller. Only while the image is made,
    /// by one thread.
    boolean writePacked(long at, ByteBuffer cluster) throws ImageException {
        var packed = ClusterCodec.pack(store.header().compression(), cluster.array());
        if (packed.isEmpty()) {
            return false;
        }
        store.lock.lock();
        try {
            int bytes = packed.get().remaining();
            long offset = placePacked(bytes);
            store.storage().write(offset, packed.get());
            store.map().set(at >> clusterBits, CompressedPlace.entry(offset, bytes, clusterBits));
        } finally {
            store.lock.unlock();
        }
        return true;
    }

    /// Room for `bytes`, behind the packed cluster before it if that may be.
    private long placePacked(int bytes) throws ImageException {
        var refcounts = store.refcounts();
        long room = -packedEnd & clusterBytes - 1;
        boolean shared = room > 0 && refcounts.get(packedEnd >> clusterBits) < refcounts.maximum();
        if (shared && room >= bytes) {
            refcounts.increment(packedEnd >> clusterBits);
        } else {
            long next = refcounts.allocateAtEnd(1);
            if (shared && next == (packedEnd >> clusterBits) + 1) {
                refcounts.increment(packedEnd >> clusterBits);
            } else {
                packedEnd = next << clusterBits;
            }
        }
        long offset = packedEnd;
        packedEnd += bytes;
        return offset;
    }
}
