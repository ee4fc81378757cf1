package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/// The dirty bitmaps of a qcow2 file (docs/interop/qcow2 in QEMU's tree, sections Bitmaps extension
/// and Bitmaps): the file's change log.
///
/// Bits are in memory while the file is open. The first change marks the bitmaps in use, which
/// makes them worthless to everyone after a crash; closing the image writes them.
final class Qcow2Bitmaps implements ChangeTracker {
    static final int BITMAPS_MAX = 65_535;
    static final int DIRECTORY_BYTES_MAX = 1 << 20;

    /// Of all bitmaps together: 32 MiB.
    private static final long BITS_TOTAL_MAX = 1L << 28;

    private static final int ENTRY_BYTES = 24;
    private static final int FLAGS_AT = 12;
    private static final int FLAG_IN_USE = 1;
    private static final int FLAG_AUTO = 2;
    private static final int FLAGS_KNOWN = 7;
    private static final int TYPE_DIRTY_TRACKING = 1;
    private static final long TABLE_ALL_ONES = 1;

    /// As it is in the file. The table has `tableEntries` entries.
    private record Entry(
            String name,
            long tableOffset,
            int tableEntries,
            int flags,
            int granularityBits,
            byte[] extra) {
        boolean isInUse() {
            return (flags & FLAG_IN_USE) != 0;
        }

        boolean isAuto() {
            return (flags & FLAG_AUTO) != 0;
        }
    }

    /// A bitmap: `bits` are there if it is complete, and then it is the one to ask; `tracking`:
    /// they follow changes.
    private record Bitmap(Entry entry, Optional<ChangeBitmap> bits, boolean tracking) {}

    private final Qcow2Store store;
    private volatile List<Bitmap> bitmaps = List.of();

    /// Whether the file says that bitmaps are in use.
    private volatile boolean marked;

    /// Whether the file's bitmaps differ from those in memory.
    private boolean changed;

    private Qcow2Bitmaps(Qcow2Store store) {
        this.store = store;
    }

    static Qcow2Bitmaps load(Qcow2Store store) throws ImageException {
        var loaded = new Qcow2Bitmaps(store);
        var directory = store.header().bitmaps();
        if (directory.isPresent()) {
            loaded.bitmaps = loaded.read(directory.get());
        }
        return loaded;
    }

    private ImageException damaged(String format, Object... values) {
        return new ImageException.Damaged(store.name() + ": " + format.formatted(values));
    }

    private List<Bitmap> read(Qcow2Header.BitmapDirectory directory) throws ImageException {
        var bytes = ByteBuffer.allocate((int) directory.bytes());
        store.storage().read(directory.offset(), bytes);
        bytes.flip();
        var found = new ArrayList<Bitmap>();
        var names = new HashSet<String>();
        long bits = 0;
        while (bytes.hasRemaining()) {
            var entry = readEntry(bytes);
            if (!names.add(entry.name)) {
                throw damaged("two bitmaps are called \"%s\"", entry.name);
            }
            bits += ChangeBitmap.bitsFor(store.header().size(), entry.granularityBits);
            if (bits > BITS_TOTAL_MAX) {
                throw new ImageException.Unsupported(
                        store.name() + ": its bitmaps are too large to follow");
            }
            found.add(
                    new Bitmap(
                            entry,
                            entry.isInUse() ? Optional.empty() : Optional.of(readBits(entry)),
                            entry.isAuto() && !entry.isInUse()));
        }
        if (found.size() != directory.bitmaps()) {
            throw damaged("%d bitmaps in the directory, not %d", found.size(), directory.bitmaps());
        }
        return found;
    }

    private Entry readEntry(ByteBuffer directory) throws ImageException {
        int at = directory.position();
        if (directory.remaining() < ENTRY_BYTES) {
            throw damaged("the bitmap directory ends within an entry");
        }
        int nameBytes = directory.getShort(at + 18) & 0xFFFF;
        long extraBytes = directory.getInt(at + 20) & 0xFFFF_FFFFL;
        long whole = Bytes.roundUp(ENTRY_BYTES + extraBytes + nameBytes, 8);
        if (whole > directory.remaining() || nameBytes == 0) {
            throw damaged("a bitmap's entry of %d bytes, a name of %d", whole, nameBytes);
        }
        var extra = new byte[(int) extraBytes];
        var name = new byte[nameBytes];
        directory.get(at + ENTRY_BYTES, extra).get(at + ENTRY_BYTES + extra.length, name);
        directory.position(at + (int) whole);
        var entry =
                new Entry(
                        new String(name, StandardCharsets.UTF_8),
                        directory.getLong(at),
                        directory.getInt(at + 8),
                        directory.getInt(at + FLAGS_AT),
                        directory.get(at + 17) & 0xFF,
                        extra);
        check(entry, directory.get(at + 16));
        return entry;
    }

    private void check(Entry entry, int type) throws ImageException {
        int bits = entry.granularityBits;
        if (type != TYPE_DIRTY_TRACKING || (entry.flags & ~FLAGS_KNOWN) != 0) {
            throw damaged("bitmap \"%s\" has type %d, flags %#x", entry.name, type, entry.flags);
        }
        if (entry.extra.length > 0) {
            throw new ImageException.Unsupported(
                    "%s: bitmap \"%s\" has unknown extra data".formatted(store.name(), entry.name));
        }
        if (bits < ChangeBitmap.GRANULARITY_BITS_MIN || bits > ChangeBitmap.GRANULARITY_BITS_MAX) {
            throw damaged("bitmap \"%s\" has units of 2^%d bytes", entry.name, bits);
        }
        long needed = ChangeBitmap.bitsFor(store.header().size(), bits);
        if (needed > ChangeBitmap.BITS_MAX) {
            throw new ImageException.Unsupported(
                    "%s: bitmap \"%s\" is too fine".formatted(store.name(), entry.name));
        }
        if (entry.tableEntries < 0
                || entry.tableEntries > tableEntries(ChangeBitmap.BITS_MAX)
                || !entry.isInUse() && entry.tableEntries != tableEntries(needed)) {
            throw damaged("bitmap \"%s\" has a table of the wrong size", entry.name);
        }
        checkCluster(entry.name, entry.tableOffset);
    }

    private void checkCluster(String name, long offset) throws ImageException {
        if (offset <= 0
                || (offset & store.header().clusterBytes() - 1) != 0
                || offset >= store.storage().size()) {
            throw damaged("bitmap \"%s\" has a cluster at %#x", name, offset);
        }
    }

    private int tableEntries(long bits) {
        return (int) store.clusters(Math.ceilDiv(bits, 8));
    }

    private ChangeBitmap readBits(Entry entry) throws ImageException {
        var bits = new ChangeBitmap(store.header().size(), entry.granularityBits);
        var table = store.readTable(entry.tableOffset, entry.tableEntries);
        long bitsOfCluster = store.header().clusterBytes() * 8L;
        var cluster = new byte[store.header().clusterBytes()];
        for (int i = 0; i < table.length; i++) {
            long offset = table[i] & ClusterMap.OFFSET_MASK;
            if (offset != 0) {
                checkCluster(entry.name, offset);
                store.storage().read(offset, ByteBuffer.wrap(cluster));
            } else if (table[i] == TABLE_ALL_ONES) {
                java.util.Arrays.fill(cluster, (byte) -1);
            } else {
                continue;
            }
            bits.load(i * bitsOfCluster, ByteBuffer.wrap(cluster));
        }
        return bits;
    }

    /// The clusters that a bitmap takes, for a check: each is used once.
    List<Long> clusters() throws ImageException {
        var clusters = new ArrayList<Long>();
        int bits = store.header().clusterBits();
        var directory = store.header().bitmaps();
        if (directory.isPresent()) {
            add(clusters, directory.get().offset(), directory.get().bytes());
        }
        for (var bitmap : bitmaps) {
            var entry = bitmap.entry;
            if (entry.tableOffset == 0) {
                continue;
            }
            add(clusters, entry.tableOffset, entry.tableEntries * 8L);
            for (long value : store.readTable(entry.tableOffset, entry.tableEntries)) {
                if ((value & ClusterMap.OFFSET_MASK) != 0) {
                    clusters.add((value & ClusterMap.OFFSET_MASK) >> bits);
                }
            }
        }
        return clusters;
    }

    private void add(List<Long> clusters, long offset, long bytes) {
        long first = offset >> store.header().clusterBits();
        for (long i = 0; i < store.clusters(bytes); i++) {
            clusters.add(first + i);
        }
    }

    @Override
    public void mark(long offset, long bytes) throws ImageException {
        if (!marked) {
            markInUse();
        }
        for (var bitmap : bitmaps) {
            if (bitmap.tracking) {
                bitmap.bits.orElseThrow().mark(offset, bytes);
            }
        }
    }

    /// Before the first change: what is in the file is no longer true.
    private void markInUse() throws ImageException {
        store.lock.lock();
        try {
            if (marked) {
                return;
            }
            if (bitmaps.stream().anyMatch(Bitmap::tracking)) {
                changed = true;
                var directory = store.header().bitmaps().orElseThrow();
                store.storage().write(directory.offset(), directory(bitmaps, FLAG_IN_USE));
                store.storage().flush();
            }
            marked = true;
        } finally {
            store.lock.unlock();
        }
    }

    /// The directory of `list`; those that follow changes have `flags` too.
    private static ByteBuffer directory(List<Bitmap> list, int flags) {
        var bytes = ByteBuffer.allocate(DIRECTORY_BYTES_MAX);
        for (var bitmap : list) {
            var entry = bitmap.entry;
            var name = entry.name.getBytes(StandardCharsets.UTF_8);
            bytes.putLong(entry.tableOffset).putInt(entry.tableEntries);
            bytes.putInt(entry.flags | (bitmap.tracking ? flags : 0));
            bytes.put((byte) TYPE_DIRTY_TRACKING).put((byte) entry.granularityBits);
            bytes.putShort((short) name.length).putInt(0).put(name);
            Bytes.fillWithZeros(bytes, -bytes.position() & 7);
        }
        return bytes.flip();
    }

    /// Writes what has changed and makes it durable. Called alone, after the last change.
    void save() throws ImageException {
        if (changed) {
            write(bitmaps);
        }
    }

    /// The new bitmaps and directory are elsewhere; the header's change makes them the file's.
    private void write(List<Bitmap> wanted) throws ImageException {
        var old = clusters();
        var written = new ArrayList<Bitmap>();
        var kept = new HashSet<Long>();
        for (var bitmap : wanted) {
            boolean rewrite = bitmap.tracking || bitmap.entry.tableOffset == 0;
            written.add(rewrite ? writeBits(bitmap) : bitmap);
            if (!rewrite) {
                keep(bitmap.entry, kept);
            }
        }
        var directory = writeDirectory(written);
        store.flush();
        store.lock.lock();
        try {
            store.writeHeader(store.header().withBitmaps(directory));
            store.storage().flush();
            old.stream().filter(c -> !kept.contains(c)).forEach(c -> store.dropLater(c, 1));
        } finally {
            store.lock.unlock();
        }
        bitmaps = List.copyOf(written);
        changed = false;
        marked = false;
    }

    private Optional<Qcow2Header.BitmapDirectory> writeDirectory(List<Bitmap> list)
            throws ImageException {
        if (list.isEmpty()) {
            return Optional.empty();
        }
        var bytes = directory(list, 0);
        int length = bytes.remaining();
        long offset = allocate(length);
        store.storage().write(offset, bytes);
        return Optional.of(new Qcow2Header.BitmapDirectory(list.size(), length, offset));
    }

    private void keep(Entry entry, HashSet<Long> kept) throws ImageException {
        int bits = store.header().clusterBits();
        for (long i = 0; i < store.clusters(entry.tableEntries * 8L); i++) {
            kept.add((entry.tableOffset >> bits) + i);
        }
        for (long value : store.readTable(entry.tableOffset, entry.tableEntries)) {
            kept.add((value & ClusterMap.OFFSET_MASK) >> bits);
        }
    }

    private long allocate(long bytes) throws ImageException {
        store.lock.lock();
        try {
            int clusters = (int) store.clusters(bytes);
            return store.refcounts().allocateAtEnd(clusters) << store.header().clusterBits();
        } finally {
            store.lock.unlock();
        }
    }

    private Bitmap writeBits(Bitmap bitmap) throws ImageException {
        var bytes = bitmap.bits.orElseThrow().toBytes();
        var table = new long[(int) store.clusters(bytes.remaining())];
        for (int i = 0; i < table.length; i++) {
            int length = Math.min(bytes.remaining(), store.header().clusterBytes());
            var piece = Bytes.take(bytes, length);
            if (!Bytes.areZeros(piece)) {
                table[i] = allocate(1);
                var whole = ByteBuffer.allocate(store.header().clusterBytes()).put(piece);
                store.storage().write(table[i], whole.clear());
            }
        }
        long offset = allocate(Math.max(1, table.length * 8L));
        store.writeTable(offset, table);
        var entry = bitmap.entry;
        return new Bitmap(
                new Entry(
                        entry.name,
                        offset,
                        table.length,
                        entry.flags,
                        bitmap.bits.get().granularityBits(),
                        entry.extra),
                bitmap.bits,
                bitmap.tracking);
    }

    @Override
    public void resized(long bytes) throws ImageException {
        for (var bitmap : bitmaps) {
            if (!bitmap.tracking) {
                throw new ImageException.Refused(
                        "%s: cannot resize while there is bitmap \"%s\", which follows no changes"
                                .formatted(store.name(), bitmap.entry.name));
            }
        }
        markInUse();
        bitmaps.forEach(bitmap -> bitmap.bits.orElseThrow().resize(bytes));
    }

    @Override
    public List<Point> points() {
        return bitmaps.stream().map(Qcow2Bitmaps::point).toList();
    }

    private static Point point(Bitmap bitmap) {
        return new Point(
                bitmap.entry.name,
                1 << bitmap.entry.granularityBits,
                bitmap.tracking ? State.COMPLETE : State.INCOMPLETE,
                bitmap.bits.map(ChangeBitmap::changedBytes).orElse(0L));
    }

    /// Called alone.
    @Override
    public void start(String name) throws ImageException {
        ChangeTracker.checkName(store.name(), name);
        if (store.header().version() < 3) {
            throw new ImageException.Unsupported(
                    store.name() + ": qcow2 version 2 has no bitmaps; convert it to version 3");
        }
        if (bitmaps.size() >= POINTS_MAX) {
            throw new ImageException.Refused(
                    "%s: there are %d points already".formatted(store.name(), bitmaps.size()));
        }
        if (bitmaps.stream().anyMatch(bitmap -> bitmap.entry.name.equals(name))) {
            throw new ImageException.Refused(
                    "%s: there is a point \"%s\" already".formatted(store.name(), name));
        }
        var bits = ChangeBitmap.of(store.header().size());
        var entry = new Entry(name, 0, 0, FLAG_AUTO, bits.granularityBits(), new byte[0]);
        var longer = new ArrayList<>(bitmaps);
        longer.add(new Bitmap(entry, Optional.of(bits), true));
        write(longer);
    }

    /// Called alone.
    @Override
    public void remove(String name) throws ImageException {
        find(name);
        write(bitmaps.stream().filter(bitmap -> !bitmap.entry.name.equals(name)).toList());
    }

    @Override
    public List<Range> since(String name) throws ImageException {
        var bitmap = find(name);
        if (!bitmap.tracking) {
            throw ChangeTracker.incomplete(store.name(), name);
        }
        return bitmap.bits.orElseThrow().ranges();
    }

    private Bitmap find(String name) throws ImageException {
        return bitmaps.stream()
                .filter(bitmap -> bitmap.entry.name.equals(name))
                .findFirst()
                .orElseThrow(() -> ChangeTracker.unknownPoint(store.name(), name));
    }
}
