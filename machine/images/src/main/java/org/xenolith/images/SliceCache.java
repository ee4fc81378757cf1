package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// Pieces of a file's tables in memory. What was changed stays until it is written; of the rest,
/// the longest unused goes when there are too many. Its owner's lock guards it.
final class SliceCache {
    /// Unless a cluster is smaller.
    static final int SLICE_BYTES_MAX = 4096;

    /// How many of the oldest are looked at for one that may go.
    private static final int LOOKED_AT_MAX = 16;

    /// `data` has the file's byte order.
    static final class Slice {
        private final long offset;
        private final ByteBuffer data;
        private boolean dirty;
        private boolean beingWritten;

        private Slice(long offset, ByteBuffer data) {
            this.offset = offset;
            this.data = data;
        }
    }

    /// What a slice held when it was collected.
    record Snapshot(Slice slice, ByteBuffer content) {
        void writeTo(Storage storage) throws ImageException {
            storage.write(slice.offset, content.duplicate());
        }
    }

    private final Storage storage;
    private final int sliceBytes;
    private final int slicesMax;
    private final LinkedHashMap<Long, Slice> slices = new LinkedHashMap<>(64, 0.75f, true);
    private int dirty;

    SliceCache(Storage storage, int clusterBytes, int bytesMax) {
        this.storage = storage;
        sliceBytes = Math.min(clusterBytes, SLICE_BYTES_MAX);
        slicesMax = bytesMax / sliceBytes;
    }

    /// The content of the slice in which `offset` is; only to be read.
    ByteBuffer around(long offset) throws ImageException {
        return slice(offset).data;
    }

    /// The same, to be changed.
    ByteBuffer toChange(long offset) throws ImageException {
        var slice = slice(offset);
        if (!slice.dirty) {
            slice.dirty = true;
            dirty++;
        }
        return slice.data;
    }

    /// Where in its slice `offset` is.
    int inSlice(long offset) {
        return (int) (offset & sliceBytes - 1);
    }

    int dirtyBytes() {
        return dirty * sliceBytes;
    }

    private Slice slice(long offset) throws ImageException {
        long start = offset & -sliceBytes;
        var known = slices.get(start);
        if (known != null) {
            return known;
        }
        makeRoom();
        var data = ByteBuffer.allocate(sliceBytes);
        storage.read(start, data);
        var slice = new Slice(start, data);
        slices.put(start, slice);
        return slice;
    }

    private void makeRoom() {
        if (slices.size() < slicesMax) {
            return;
        }
        var oldest = slices.values().iterator();
        for (int i = 0; i < LOOKED_AT_MAX && oldest.hasNext(); i++) {
            var slice = oldest.next();
            if (!slice.dirty && !slice.beingWritten) {
                oldest.remove();
                return;
            }
        }
    }

    /// Copies of all that was changed, which counts as written from now on; [#written] or
    /// [#notWritten] must follow.
    List<Snapshot> collect() {
        var collected = new ArrayList<Snapshot>(dirty);
        if (dirty == 0) {
            return collected;
        }
        for (var slice : slices.values()) {
            if (slice.dirty) {
                slice.dirty = false;
                slice.beingWritten = true;
                collected.add(new Snapshot(slice, ByteBuffer.wrap(slice.data.array().clone())));
            }
        }
        dirty = 0;
        return collected;
    }

    void written(List<Snapshot> collected) {
        collected.forEach(snapshot -> snapshot.slice.beingWritten = false);
    }

    void notWritten(List<Snapshot> collected) {
        for (var snapshot : collected) {
            snapshot.slice.beingWritten = false;
            if (!snapshot.slice.dirty) {
                snapshot.slice.dirty = true;
                dirty++;
            }
        }
    }

    /// The range is no longer a table's; what is known about it is worthless.
    void forget(long offset, long bytes) {
        for (long at = offset & -sliceBytes; at < offset + bytes; at += sliceBytes) {
            var slice = slices.remove(at);
            if (slice != null && slice.dirty) {
                dirty--;
            }
        }
    }
}
