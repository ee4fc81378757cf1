package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// A disk in a qcow2 file, perhaps on top of another image.
///
/// A request looks up, under the store's lock, a run of clusters that are kept alike, and moves
/// their bytes without the lock. A write that needs new clusters says which guest clusters it is
/// about to place; others that want the same ones wait for it.
final class Qcow2Image extends BaseImage {
    private final Qcow2Store store;
    private final Optional<Image> backing;
    private final Qcow2Bitmaps bitmaps;
    private final Qcow2Reader reader;
    private final Qcow2Writer writer;
    private final int clusterBits;
    private final int clusterBytes;

    private volatile long size;

    Qcow2Image(Qcow2Store store, Optional<Image> backing, boolean readOnly) throws ImageException {
        super(store.name(), readOnly);
        this.store = store;
        this.backing = backing;
        clusterBits = store.header().clusterBits();
        clusterBytes = store.header().clusterBytes();
        size = store.header().size();
        reader = new Qcow2Reader(store, backing);
        writer = new Qcow2Writer(store, reader);
        bitmaps = Qcow2Bitmaps.load(store);
        if (!readOnly) {
            startWriting();
        }
    }

    private void startWriting() throws ImageException {
        store.checkSound();
        var features = store.header().features();
        long known = features.autoclear() & Qcow2Header.Features.BITMAPS;
        if (features.autoclear() != known) {
            store.writeHeader(
                    store.header()
                            .with(
                                    new Qcow2Header.Features(
                                            features.incompatible(),
                                            features.compatible(),
                                            known)));
        }
    }

    Qcow2Store store() {
        return store;
    }

    Optional<Image> backing() {
        return backing;
    }

    @Override
    ChangeTracker tracker() {
        return bitmaps;
    }

    @Override
    public Snapshots snapshots() {
        return new Snapshots() {
            @Override
            public List<Snapshot> list() throws ImageException {
                return Qcow2Snapshots.load(store).list();
            }

            @Override
            public void create(String name, long wallNanos) throws ImageException {
                changeAlone(() -> Qcow2Snapshots.load(store).create(name, wallNanos));
            }

            @Override
            public void apply(String name) throws ImageException {
                changeAlone(() -> applySnapshot(name));
            }

            @Override
            public void delete(String name) throws ImageException {
                changeAlone(() -> Qcow2Snapshots.load(store).delete(name));
            }
        };
    }

    private void applySnapshot(String name) throws ImageException {
        bitmaps.mark(0, size);
        long then = Qcow2Snapshots.load(store).apply(name);
        if (then != size) {
            bitmaps.resized(then);
            size = then;
        }
        reader.forgetUnpacked();
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.QCOW2;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    void readInside(long offset, ByteBuffer target) throws ImageException {
        reader.read(offset, target);
    }

    @Override
    void writeInside(long offset, ByteBuffer source) throws ImageException {
        writer.write(offset, source);
    }

    @Override
    Extent extentInside(long offset, long bytesMax) throws ImageException {
        return reader.extent(offset, bytesMax);
    }

    int clusterBytes() {
        return clusterBytes;
    }

    /// Writes a whole cluster, compressed if that makes it smaller. Only while the image is made,
    /// by one thread.
    void writePacked(long at, ByteBuffer cluster) throws ImageException {
        if (!writer.writePacked(at, cluster)) {
            write(at, cluster.limit((int) Math.min(clusterBytes, size - at)));
        } else if (isOverdue()) {
            flushAll();
        }
    }

    // Zeros

    @Override
    long bulkBytes() {
        return Math.max(64L << clusterBits, 256L * SliceCache.SLICE_BYTES_MAX / 8 << clusterBits);
    }

    @Override
    void writeZeroesInside(long offset, long bytes) throws ImageException {
        eachCluster(offset, bytes, true, this::zeroCluster);
    }

    @Override
    void discardInside(long offset, long bytes) throws ImageException {
        if (store.header().version() < 3 && backing.isPresent()) {
            return; // A cluster that is given up would show the backing file's content again.
        }
        eachCluster(offset, bytes, false, this::zeroCluster);
    }

    private interface ClusterAction {
        void on(long guest) throws ImageException;
    }

    /// Whole clusters by `action`, under the lock; what is left at the ends by writing zeros, if
    /// those matter.
    private void eachCluster(long offset, long bytes, boolean ends, ClusterAction action)
            throws ImageException {
        long end = offset + bytes;
        long first = Math.ceilDiv(offset, (long) clusterBytes);
        long last = end == size ? Math.ceilDiv(end, (long) clusterBytes) : end >> clusterBits;
        if (first >= last) {
            if (ends) {
                writePlainZeros(offset, end);
            }
            return;
        }
        if (ends) {
            writePlainZeros(offset, first << clusterBits);
            writePlainZeros(Math.min(end, last << clusterBits), end);
        }
        for (long guest = first; guest < last; guest++) {
            store.lock.lock();
            try {
                guest = act(guest, last, action);
            } finally {
                store.lock.unlock();
            }
        }
    }

    /// Does what is to be done for one cluster, or for none if a whole table has nothing to do.
    /// Returns the last one that is done.
    private long act(long guest, long last, ClusterAction action) throws ImageException {
        if (!reader.backingKnows(guest << clusterBits) && store.map().tableOffset(guest) == 0) {
            return Math.min(last, guest + store.map().restOfTable(guest)) - 1;
        }
        writer.awaitPlaced(guest);
        action.on(guest);
        return guest;
    }

    private void writePlainZeros(long from, long to) throws ImageException {
        for (long at = from; at < to; ) {
            int piece = (int) Math.min(to - at, clusterBytes - reader.inCluster(at));
            if (!reader.readsAsZeros(at, piece)) {
                writer.writeSome(at, ByteBuffer.allocate(piece));
            }
            at += piece;
        }
    }

    /// Makes a cluster read as zeros without a place in the file.
    private void zeroCluster(long guest) throws ImageException {
        long entry = store.map().entry(guest);
        boolean belowIsZero = !reader.backingKnows(guest << clusterBits);
        if (reader.kept(entry) == Qcow2Reader.Kept.ABSENT && belowIsZero) {
            return;
        }
        if (store.header().version() < 3 && !belowIsZero) {
            zeroInVersion2(guest);
            return;
        }
        long zero = belowIsZero ? 0 : ClusterMap.ZERO;
        if (entry != zero) {
            store.map().set(guest, zero);
            store.dropEntryLater(entry);
        }
    }

    /// Version 2 cannot say that a cluster is zeros where the backing file is not.
    private void zeroInVersion2(long guest) throws ImageException {
        long at = guest << clusterBits;
        var zeros = ByteBuffer.allocate(clusterBytes);
        while (zeros.hasRemaining()) {
            writer.writeSome(at + zeros.position(), zeros);
        }
    }

    // For a change of size; called alone

    /// What is from `from`, the disk's end, to `to` will read as zeros.
    void zeroBeyond(long from, long to) throws ImageException {
        long wholeFrom = Bytes.roundUp(from, clusterBytes);
        writePlainZeros(from, Math.min(wholeFrom, to));
        for (long at = wholeFrom; at < to; at = nextPiece(at, to)) {
            eachCluster(
                    at,
                    Bytes.roundUp(nextPiece(at, to) - at, clusterBytes),
                    false,
                    this::zeroBeyondEnd);
            flushIfOverdueAlone();
        }
    }

    private long nextPiece(long at, long to) {
        return Math.min(to, at + bulkBytes());
    }

    private void zeroBeyondEnd(long guest) throws ImageException {
        if (store.map().entry(guest) != 0 || reader.backingKnows(guest << clusterBits)) {
            zeroCluster(guest);
        }
    }

    /// What is from `from`, the disk's end, to `to` takes no more space.
    void giveUpBeyond(long from, long to) throws ImageException {
        long wholeFrom = Bytes.roundUp(from, clusterBytes);
        for (long at = wholeFrom; at < to; at = nextPiece(at, to)) {
            eachCluster(
                    at, Bytes.roundUp(nextPiece(at, to) - at, clusterBytes), false, this::giveUp);
            flushIfOverdueAlone();
        }
    }

    private void giveUp(long guest) throws ImageException {
        long entry = store.map().entry(guest);
        if (entry != 0) {
            store.map().set(guest, 0);
            store.dropEntryLater(entry);
        }
    }

    /// All of the disk is the backing file's again. Called alone.
    void empty() throws ImageException {
        bitmaps.mark(0, size);
        giveUpBeyond(0, size);
        flushAll();
    }

    private void flushIfOverdueAlone() throws ImageException {
        if (isOverdue()) {
            flushAll();
        }
    }

    // The rest

    @Override
    boolean isOverdue() {
        return store.isOverdue();
    }

    @Override
    void flushFiles() throws ImageException {
        store.flush();
    }

    @Override
    void giveBack() throws ImageException {
        if (store.hasDroppable()) {
            requests.writeLock().lock();
            try {
                store.drop();
            } finally {
                requests.writeLock().unlock();
            }
        }
    }

    @Override
    void checkNewSize(long bytes) throws ImageException {
        Qcow2Resize.check(store, bytes);
    }

    @Override
    void resizeAlone(long bytes) throws ImageException {
        new Qcow2Resize(this).to(bytes);
        size = bytes;
    }

    @Override
    void closeAlone() throws ImageException {
        try {
            if (!readOnly() && !store.header().isCorrupt()) {
                bitmaps.save();
                store.flush();
                store.drop();
                store.flush();
            }
        } finally {
            closeFiles();
        }
    }

    private void closeFiles() throws ImageException {
        try {
            store.storage().close();
        } finally {
            if (backing.isPresent()) {
                backing.get().close();
            }
        }
    }
}
