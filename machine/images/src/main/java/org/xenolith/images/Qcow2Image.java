package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// A disk in a qcow2 file, perhaps on top of another image.
///
/// A request looks up, under the store's lock, a run of clusters that are kept alike, and moves
/// their bytes without the lock. A write that needs new clusters says which guest clusters it is
/// about to place; others that want the same ones wait for it.
final class Qcow2Image extends BaseImage {
    /// Clusters are taken at once for this many bytes of one request.
    private static final int PLACED_BYTES_MAX = 2 << 20;

    /// Up to this size a new cluster is put together in memory and written whole.
    private static final int WHOLE_CLUSTER_BYTES_MAX = 1 << 16;

    private static final int UNPACKED_BYTES_MAX = 1 << 20;

    private final Qcow2Store store;
    private final Optional<Image> backing;
    private final Qcow2Bitmaps bitmaps;
    private final int clusterBits;
    private final int clusterBytes;

    /// Guest clusters that a request is about to place.
    private final Set<Long> placing = new HashSet<>();

    /// The last compressed clusters that were read, by their L2 entries. A cache.
    private final Map<Long, byte[]> unpacked =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, byte[]> eldest) {
                    return size() > Math.max(1, UNPACKED_BYTES_MAX >> clusterBits);
                }
            };

    private volatile long size;

    Qcow2Image(Qcow2Store store, Optional<Image> backing, boolean readOnly) throws ImageException {
        super(store.name(), readOnly);
        this.store = store;
        this.backing = backing;
        clusterBits = store.header().clusterBits();
        clusterBytes = store.header().clusterBytes();
        size = store.header().size();
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
        synchronized (unpacked) {
            unpacked.clear();
        }
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.QCOW2;
    }

    @Override
    public long size() {
        return size;
    }

    // Looking up

    /// How a guest cluster is kept.
    private enum Kept {
        ABSENT,
        ZERO,
        COMPRESSED,
        DATA
    }

    private Kept kept(long entry) throws ImageException {
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

    private void checkAligned(long offset) throws ImageException {
        if ((offset & clusterBytes - 1) != 0) {
            throw store.damaged("a data cluster at %#x".formatted(offset));
        }
    }

    /// Bytes of the disk that are kept alike; `entry` is that of the first cluster.
    private record Stretch(Kept kept, long entry, long bytes) {}

    /// What is at `offset`, and how far the same goes, within one slice of a table.
    private Stretch look(long offset, long bytesMax) throws ImageException {
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

    private long upTo(long guestEnd, long offset, long bytesMax) {
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

    private int inCluster(long offset) {
        return (int) (offset & clusterBytes - 1);
    }

    // Reading

    @Override
    void readInside(long offset, ByteBuffer target) throws ImageException {
        long at = offset;
        while (target.hasRemaining()) {
            var stretch = look(at, target.remaining());
            var piece = Bytes.take(target, (int) stretch.bytes);
            readStretch(stretch, at, piece);
            at += stretch.bytes;
        }
    }

    private void readStretch(Stretch stretch, long at, ByteBuffer piece) throws ImageException {
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
                    "%s: compressed cluster at %#x".formatted(name(), place.offset()));
        }
        var packed = ByteBuffer.allocate(place.bytes());
        store.storage().read(place.offset(), packed);
        var cluster =
                ClusterCodec.unpack(store.header().compression(), packed.array(), clusterBytes)
                        .orElseThrow(() ->
                                new ImageException.Damaged(
                                        "%s: compressed cluster at %#x cannot be unpacked"
                                                .formatted(name(), place.offset())));
        synchronized (unpacked) {
            unpacked.put(entry, cluster);
        }
        return cluster;
    }

    // Writing

    @Override
    void writeInside(long offset, ByteBuffer source) throws ImageException {
        long at = offset;
        while (source.hasRemaining()) {
            at += writeSome(at, source);
        }
    }

    /// Clusters that a write is about to place: as many as `entries`, from guest cluster `guest`
    /// on, at `hostOffset`. `fresh`: they were taken for it.
    private record Placement(long guest, long[] entries, long hostOffset, boolean fresh) {}

    /// Writes at least one byte, and what fits in one place; returns how much.
    private long writeSome(long at, ByteBuffer source) throws ImageException {
        long inPlace = -1;
        int bytes = 0;
        Placement placement = null;
        store.lock.lock();
        try {
            awaitPlaced(at >> clusterBits);
            long entry = store.map().entry(at >> clusterBits);
            if (isOurs(entry)) {
                var stretch = look(at, source.remaining());
                bytes = (int) oursOnly(stretch, at);
                inPlace = (entry & ClusterMap.OFFSET_MASK) + inCluster(at);
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

    private void awaitPlaced(long guest) {
        while (placing.contains(guest)) {
            store.settled.awaitUninterruptibly();
        }
    }

    /// Whether a cluster may be changed where it is.
    private boolean isOurs(long entry) throws ImageException {
        return kept(entry) == Kept.DATA && (entry & ClusterMap.COPIED) != 0;
    }

    /// How much of a stretch of data may be changed where it is.
    private long oursOnly(Stretch stretch, long at) throws ImageException {
        long guest = at >> clusterBits;
        long end = guest + 1;
        while (end << clusterBits < at + stretch.bytes
                && !placing.contains(end)
                && isOurs(store.map().entry(end))) {
            end++;
        }
        return upTo(end, at, stretch.bytes);
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
            checkAligned(host);
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
        return kept(entry) == Kept.ZERO
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
                                upTo(placement.guest + count, at, Long.MAX_VALUE));
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
            readStretch(new Stretch(kept(entry), entry, piece.remaining()), at, piece);
        }
    }

    /// Copies what was from `from` to `to`, which is inside one cluster, into the new place.
    private void copyOld(Placement placement, long entry, long from, long to)
            throws ImageException {
        if (from == to) {
            return;
        }
        long hostOffset = placement.hostOffset + from - (placement.guest << clusterBits);
        var kept = kept(entry);
        if (kept == Kept.ZERO || kept == Kept.ABSENT && !backingKnows(from)) {
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

    private boolean backingKnows(long from) {
        return backing.isPresent() && from < backing.get().size();
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

    // Packing

    int clusterBytes() {
        return clusterBytes;
    }

    /// Where the next packed cluster begins; 0: at the begin of a new one.
    private long packedEnd;

    /// Writes a whole cluster, compressed if that makes it smaller. Only while the image is made,
    /// by one thread.
    void writePacked(long at, ByteBuffer cluster) throws ImageException {
        var packed = ClusterCodec.pack(store.header().compression(), cluster.array());
        if (packed.isEmpty()) {
            write(at, cluster.limit((int) Math.min(clusterBytes, size - at)));
            return;
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
        if (isOverdue()) {
            flushAll();
        }
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
        if (!backingKnows(guest << clusterBits) && store.map().tableOffset(guest) == 0) {
            return Math.min(last, guest + store.map().restOfTable(guest)) - 1;
        }
        awaitPlaced(guest);
        action.on(guest);
        return guest;
    }

    private void writePlainZeros(long from, long to) throws ImageException {
        for (long at = from; at < to; ) {
            int piece = (int) Math.min(to - at, clusterBytes - inCluster(at));
            if (!readsAsZeros(at, piece)) {
                writeSome(at, ByteBuffer.allocate(piece));
            }
            at += piece;
        }
    }

    private boolean readsAsZeros(long at, long bytes) throws ImageException {
        var kept = look(at, bytes).kept;
        return kept == Kept.ZERO || kept == Kept.ABSENT && !backingKnows(at);
    }

    /// Makes a cluster read as zeros without a place in the file.
    private void zeroCluster(long guest) throws ImageException {
        long entry = store.map().entry(guest);
        boolean belowIsZero = !backingKnows(guest << clusterBits);
        if (kept(entry) == Kept.ABSENT && belowIsZero) {
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
            writeSome(at + zeros.position(), zeros);
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
        if (store.map().entry(guest) != 0 || backingKnows(guest << clusterBits)) {
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
    Extent extentInside(long offset, long bytesMax) throws ImageException {
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
