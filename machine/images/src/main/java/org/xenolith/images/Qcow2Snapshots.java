package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The internal snapshots of a qcow2 file (docs/interop/qcow2 in QEMU's tree, section Snapshots).
///
/// To make or delete one changes reference counts everywhere, which no order of writes can make
/// safe. So the file is marked dirty meanwhile: after a crash, whoever opens it for writing counts
/// anew. What version 2 cannot say it suffers as a leak, or as flags that cost a needless copy.
///
/// Every method is called alone.
final class Qcow2Snapshots {
    private static final int TABLE_BYTES_MAX = 4 << 20;
    private static final int ENTRY_BYTES = 40;
    private static final int EXTRA_BYTES_MAX = 1024;
    private static final int OUR_EXTRA_BYTES = 16;

    private final Qcow2Store store;
    private List<Entry> entries;

    /// One entry of the snapshot table. `extra`: what version 3 says about sizes, and perhaps what
    /// is not known here.
    record Entry(Snapshot snapshot, long l1Offset, int l1Entries, long guestNanos, byte[] extra) {}

    private Qcow2Snapshots(Qcow2Store store) {
        this.store = store;
    }

    static Qcow2Snapshots load(Qcow2Store store) throws ImageException {
        var loaded = new Qcow2Snapshots(store);
        loaded.entries = loaded.read();
        return loaded;
    }

    List<Entry> entries() {
        return entries;
    }

    List<Snapshot> list() {
        return entries.stream().map(Entry::snapshot).toList();
    }

    /// Bytes of the table in the file.
    long tableBytes() {
        return entries.isEmpty() ? 0 : encode(entries).remaining();
    }

    private ImageException damaged(String format, Object... values) {
        return new ImageException.Damaged(store.name() + ": " + format.formatted(values));
    }

    private List<Entry> read() throws ImageException {
        var tables = store.header().tables();
        var found = new ArrayList<Entry>();
        if (tables.snapshots() == 0) {
            return found;
        }
        // The padding behind the last entry may be behind the end of the file.
        long inFile = store.storage().size() - tables.snapshotsOffset() + 7;
        var bytes = ByteBuffer.allocate((int) Math.min(TABLE_BYTES_MAX, inFile));
        store.storage().read(tables.snapshotsOffset(), bytes);
        bytes.flip();
        for (int i = 0; i < tables.snapshots(); i++) {
            found.add(readEntry(bytes));
        }
        return found;
    }

    private Entry readEntry(ByteBuffer table) throws ImageException {
        int at = table.position();
        if (table.remaining() < ENTRY_BYTES) {
            throw damaged("the snapshot table is cut off");
        }
        int idBytes = table.getShort(at + 12) & 0xFFFF;
        int nameBytes = table.getShort(at + 14) & 0xFFFF;
        long extraBytes = table.getInt(at + 36) & 0xFFFF_FFFFL;
        if (extraBytes > EXTRA_BYTES_MAX) {
            throw damaged("a snapshot with %d bytes of extra data", extraBytes);
        }
        int whole = (int) Bytes.roundUp(ENTRY_BYTES + extraBytes + idBytes + nameBytes, 8);
        if (whole > table.remaining()) {
            throw damaged("the snapshot table is cut off");
        }
        var extra = new byte[(int) extraBytes];
        var id = new byte[idBytes];
        var name = new byte[nameBytes];
        table.get(at + ENTRY_BYTES, extra).get(at + ENTRY_BYTES + extra.length, id);
        table.get(at + ENTRY_BYTES + extra.length + idBytes, name);
        table.position(at + whole);
        var sizes = ByteBuffer.wrap(extra);
        var snapshot =
                new Snapshot(
                        new String(id, StandardCharsets.UTF_8),
                        new String(name, StandardCharsets.UTF_8),
                        table.getInt(at + 16) & 0xFFFF_FFFFL,
                        table.getInt(at + 20),
                        extra.length >= 16 ? sizes.getLong(8) : store.header().size(),
                        extra.length >= 8
                                ? sizes.getLong(0)
                                : table.getInt(at + 32) & 0xFFFF_FFFFL);
        return checked(
                new Entry(
                        snapshot,
                        table.getLong(at),
                        table.getInt(at + 8),
                        table.getLong(at + 24),
                        extra));
    }

    private Entry checked(Entry entry) throws ImageException {
        if (entry.l1Entries < 0 || entry.l1Entries > Qcow2Header.L1_BYTES_MAX / 8) {
            throw damaged("a snapshot's L1 table has %d entries", entry.l1Entries);
        }
        if (entry.l1Entries > 0
                && (entry.l1Offset <= 0
                        || (entry.l1Offset & store.header().clusterBytes() - 1) != 0
                        || entry.l1Offset >= store.storage().size())) {
            throw damaged("a snapshot's L1 table at %#x", entry.l1Offset);
        }
        long size = entry.snapshot.size();
        if (size < 0
                || Qcow2Header.l1EntriesFor(size, store.header().clusterBits()) > entry.l1Entries) {
            throw damaged("a snapshot of %d bytes", size);
        }
        return entry;
    }

    private static ByteBuffer encode(List<Entry> list) {
        var bytes = ByteBuffer.allocate(TABLE_BYTES_MAX);
        for (var entry : list) {
            var snapshot = entry.snapshot;
            var id = snapshot.id().getBytes(StandardCharsets.UTF_8);
            var name = snapshot.name().getBytes(StandardCharsets.UTF_8);
            bytes.putLong(entry.l1Offset).putInt(entry.l1Entries);
            bytes.putShort((short) id.length).putShort((short) name.length);
            bytes.putInt((int) snapshot.seconds()).putInt(snapshot.nanos());
            bytes.putLong(entry.guestNanos);
            bytes.putInt((int) Math.min(snapshot.machineStateBytes(), 0xFFFF_FFFFL));
            bytes.putInt(entry.extra.length).put(entry.extra).put(id).put(name);
            Bytes.fillWithZeros(bytes, -bytes.position() & 7);
        }
        return bytes.flip();
    }

    long[] l1Of(Entry entry) throws ImageException {
        return store.readTable(entry.l1Offset, entry.l1Entries);
    }

    /// `wallNanos`: when the snapshot is taken, in nanoseconds since 1970.
    void create(String name, long wallNanos) throws ImageException {
        checkNew(name);
        var l1 = store.map().l1();
        checkCountable(l1);
        beginUnsafe();
        for (int i = 0; i < l1.length; i++) {
            clearCopied(i);
            flushIfOverdue();
        }
        store.flush();
        Qcow2Walk.references(store, l1, this::increment);
        long offset = allocate(Math.max(1, l1.length * 8L));
        store.writeTable(offset, l1);
        var extra = ByteBuffer.allocate(OUR_EXTRA_BYTES).putLong(8, store.header().size()).array();
        var snapshot =
                new Snapshot(
                        freeId(),
                        name,
                        wallNanos / 1_000_000_000,
                        (int) (wallNanos % 1_000_000_000),
                        store.header().size(),
                        0);
        var longer = new ArrayList<>(entries);
        longer.add(new Entry(snapshot, offset, l1.length, 0, extra));
        writeTable(longer);
        endUnsafe();
    }

    private void checkNew(String name) throws ImageException {
        if (name.isEmpty() || name.getBytes(StandardCharsets.UTF_8).length > 255) {
            throw new ImageException.Refused(
                    store.name() + ": a snapshot's name has 1 to 255 bytes");
        }
        if (find(name).isPresent()) {
            throw new ImageException.Refused(
                    "%s: there is a snapshot \"%s\" already".formatted(store.name(), name));
        }
        if (encode(entries).remaining() > TABLE_BYTES_MAX / 2) {
            throw new ImageException.Refused(store.name() + ": there are too many snapshots");
        }
    }

    private void checkCountable(long[] l1) throws ImageException {
        long maximum = store.refcounts().maximum();
        Qcow2Walk.references(
                store,
                l1,
                (first, count) -> {
                    for (long cluster = first; cluster < first + count; cluster++) {
                        if (store.refcounts().get(cluster) >= maximum) {
                            throw new ImageException.Refused(
                                    "%s: its reference counts of %d bits allow no more snapshots"
                                            .formatted(
                                                    store.name(), store.header().refcountBits()));
                        }
                    }
                });
    }

    private void clearCopied(int index) throws ImageException {
        var map = store.map();
        long table = map.l1()[index] & ClusterMap.OFFSET_MASK;
        if (table == 0) {
            return;
        }
        map.setTableCopied(index, false);
        for (int i = 0; i < store.header().l2Entries(); i++) {
            long entry = map.entryOf(table, i);
            if ((entry & ClusterMap.COPIED) != 0) {
                map.setInPlace(table, i, entry & ~ClusterMap.COPIED);
            }
        }
    }

    private void increment(long first, long count) throws ImageException {
        for (long cluster = first; cluster < first + count; cluster++) {
            store.refcounts().increment(cluster);
        }
        flushIfOverdue();
    }

    private void flushIfOverdue() throws ImageException {
        if (store.isOverdue()) {
            store.flush();
        }
    }

    private long allocate(long bytes) throws ImageException {
        int clusters = (int) store.clusters(bytes);
        return store.refcounts().allocateAtEnd(clusters) << store.header().clusterBits();
    }

    private String freeId() {
        long highest = 0;
        for (var entry : entries) {
            var id = entry.snapshot.id();
            if (id.matches("[0-9]{1,9}")) {
                highest = Math.max(highest, Long.parseLong(id));
            }
        }
        return Long.toString(highest + 1);
    }

    /// By name, or else by id.
    private Optional<Entry> find(String name) {
        return entries.stream()
                .filter(entry -> entry.snapshot.name().equals(name))
                .findFirst()
                .or(() ->
                        entries.stream()
                                .filter(entry -> entry.snapshot.id().equals(name))
                                .findFirst());
    }

    private Entry existing(String name) throws ImageException {
        return find(name)
                .orElseThrow(() ->
                        new ImageException.Refused(
                                "%s: there is no snapshot \"%s\"".formatted(store.name(), name)));
    }

    void delete(String name) throws ImageException {
        var entry = existing(name);
        var l1 = l1Of(entry);
        beginUnsafe();
        writeTable(entries.stream().filter(other -> other != entry).toList());
        Qcow2Walk.references(store, l1, this::drop);
        drop(entry.l1Offset >> store.header().clusterBits(), store.clusters(l1.length * 8L));
        dropNow();
        Qcow2Walk.correctCopied(store);
        endUnsafe();
    }

    private void drop(long first, long count) throws ImageException {
        store.dropLater(first, count);
        if (store.isOverdue()) {
            dropNow();
        }
    }

    private void dropNow() throws ImageException {
        store.flush();
        store.drop();
    }

    /// The disk becomes what it was when the snapshot was taken. Returns its size.
    long apply(String name) throws ImageException {
        var entry = existing(name);
        var l1 = l1Of(entry);
        checkCountable(l1);
        beginUnsafe();
        Qcow2Walk.references(store, l1, this::increment);
        long offset = allocate(Math.max(1, l1.length * 8L));
        store.writeTable(offset, l1);
        store.flush();
        var old = store.header().tables();
        var oldL1 = store.map().l1();
        store.writeHeader(
                store.header()
                        .withSize(entry.snapshot.size())
                        .with(
                                new Qcow2Header.Tables(
                                        offset,
                                        l1.length,
                                        old.refcountOffset(),
                                        old.refcountClusters(),
                                        old.snapshotsOffset(),
                                        old.snapshots())));
        store.storage().flush();
        store.map().replaceL1(l1);
        Qcow2Walk.references(store, oldL1, this::drop);
        drop(old.l1Offset() >> store.header().clusterBits(), store.clusters(oldL1.length * 8L));
        dropNow();
        Qcow2Walk.correctCopied(store);
        endUnsafe();
        return entry.snapshot.size();
    }

    private void beginUnsafe() throws ImageException {
        store.flush();
        store.drop();
        store.flush();
        if (store.header().version() >= 3) {
            store.writeHeader(store.header().withIncompatible(Qcow2Header.Features.DIRTY, true));
            store.storage().flush();
        }
    }

    private void endUnsafe() throws ImageException {
        dropNow();
        store.flush();
        if (store.header().version() >= 3) {
            store.writeHeader(store.header().withIncompatible(Qcow2Header.Features.DIRTY, false));
            store.storage().flush();
        }
    }

    private void writeTable(List<Entry> list) throws ImageException {
        var old = store.header().tables();
        long oldBytes = tableBytes();
        long offset = 0;
        if (!list.isEmpty()) {
            var bytes = encode(list);
            offset = allocate(bytes.remaining());
            store.storage().write(offset, bytes);
        }
        store.flush();
        store.writeHeader(
                store.header()
                        .with(
                                new Qcow2Header.Tables(
                                        old.l1Offset(),
                                        old.l1Entries(),
                                        store.header().tables().refcountOffset(),
                                        store.header().tables().refcountClusters(),
                                        offset,
                                        list.size())));
        store.storage().flush();
        if (oldBytes > 0) {
            store.dropLater(
                    old.snapshotsOffset() >> store.header().clusterBits(),
                    store.clusters(oldBytes));
        }
        entries = new ArrayList<>(list);
    }
}
