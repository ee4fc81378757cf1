package org.xenolith.images;

import java.util.Arrays;

/// Changes the size of a disk in a qcow2 file. Called alone.
///
/// What lies beyond the disk's end is given up before the end moves over it, so that what is new
/// reads as zeros; after the end has moved back, what is beyond is given up too.
final class Qcow2Resize {
    private final Qcow2Image image;
    private final Qcow2Store store;

    Qcow2Resize(Qcow2Image image) {
        this.image = image;
        store = image.store();
    }

    void to(long size) throws ImageException {
        long old = store.header().size();
        if (size > old) {
            growTable(size);
            image.zeroBeyond(old, size);
            image.flushAll();
            setSize(size);
        } else {
            setSize(size);
            image.giveUpBeyond(size, old);
            image.flushAll();
        }
    }

    static void check(Qcow2Store store, long size) throws ImageException {
        if (size % Image.SECTOR_BYTES != 0) {
            throw new ImageException.Refused(
                    "%s: %d bytes are not a whole number of sectors".formatted(store.name(), size));
        }
        int bits = store.header().clusterBits();
        if (Qcow2Header.l1EntriesFor(size, bits) > Qcow2Header.L1_BYTES_MAX / 8) {
            throw new ImageException.Refused(
                    "%s: %d bytes are more than clusters of %d bytes allow"
                            .formatted(store.name(), size, store.header().clusterBytes()));
        }
        if (store.header().version() < 3 && store.header().tables().snapshots() > 0) {
            throw new ImageException.Refused(
                    store.name()
                            + ": version 2 does not note the sizes of snapshots; delete them first");
        }
    }

    private void setSize(long size) throws ImageException {
        store.lock.lock();
        try {
            store.writeHeader(store.header().withSize(size));
        } finally {
            store.lock.unlock();
        }
        store.storage().flush();
    }

    private void growTable(long size) throws ImageException {
        int bits = store.header().clusterBits();
        var l1 = store.map().l1();
        int entries = (int) Qcow2Header.l1EntriesFor(size, bits);
        if (entries <= l1.length) {
            return;
        }
        var longer = Arrays.copyOf(l1, entries);
        store.lock.lock();
        long offset;
        try {
            offset = store.refcounts().allocateAtEnd((int) store.clusters(entries * 8L)) << bits;
        } finally {
            store.lock.unlock();
        }
        store.writeTable(offset, longer);
        // All that the copy points to must be in the file, too.
        store.flush();
        store.lock.lock();
        try {
            var old = store.header().tables();
            store.writeHeader(
                    store.header()
                            .with(
                                    new Qcow2Header.Tables(
                                            offset,
                                            entries,
                                            old.refcountOffset(),
                                            old.refcountClusters(),
                                            old.snapshotsOffset(),
                                            old.snapshots())));
            store.storage().flush();
            store.map().replaceL1(longer);
            if (old.l1Entries() > 0) {
                store.dropLater(old.l1Offset() >> bits, store.clusters(old.l1Entries() * 8L));
            }
        } finally {
            store.lock.unlock();
        }
    }
}
