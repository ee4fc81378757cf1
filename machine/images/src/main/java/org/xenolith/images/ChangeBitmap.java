package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// A bit for each unit of a disk that was written. May be used from any thread.
final class ChangeBitmap {
    private static final int GRANULARITY_BITS_USUAL = 16;
    static final int GRANULARITY_BITS_MIN = 9;
    static final int GRANULARITY_BITS_MAX = 31;

    /// 2 TiB in units of 64 KiB.
    private static final long BITS_USUAL_MAX = 1 << 25;

    /// More than this is not loaded; 16 MiB.
    static final long BITS_MAX = 1 << 27;

    private final int granularityBits;
    private final BitSet bits = new BitSet();
    private long size;

    ChangeBitmap(long size, int granularityBits) {
        this.size = size;
        this.granularityBits = granularityBits;
    }

    /// An empty one, as fine as is reasonable.
    static ChangeBitmap of(long size) {
        int bits = GRANULARITY_BITS_USUAL;
        while (bits < GRANULARITY_BITS_MAX && size >> bits > BITS_USUAL_MAX) {
            bits++;
        }
        return new ChangeBitmap(size, bits);
    }

    int granularityBits() {
        return granularityBits;
    }

    synchronized long size() {
        return size;
    }

    static long bitsFor(long size, int granularityBits) {
        return Math.ceilDiv(size, 1L << granularityBits);
    }

    synchronized void mark(long offset, long bytes) {
        if (bytes > 0) {
            bits.set(
                    (int) (offset >> granularityBits),
                    (int) (offset + bytes - 1 >> granularityBits) + 1);
        }
    }

    /// What is new counts as changed.
    synchronized void resize(long newSize) {
        if (newSize > size) {
            mark(size, newSize - size);
        } else {
            bits.clear(
                    (int) bitsFor(newSize, granularityBits),
                    Math.max(bits.length(), (int) bitsFor(size, granularityBits)));
        }
        size = newSize;
    }

    synchronized long changedBytes() {
        return Math.min(size, (long) bits.cardinality() << granularityBits);
    }

    synchronized List<ChangeLog.Range> ranges() {
        var ranges = new ArrayList<ChangeLog.Range>();
        for (int from = bits.nextSetBit(0); from >= 0; ) {
            int to = bits.nextClearBit(from);
            long start = (long) from << granularityBits;
            long end = Math.min(size, (long) to << granularityBits);
            ranges.add(new ChangeLog.Range(start, end - start));
            from = bits.nextSetBit(to);
        }
        return ranges;
    }

    /// All bits, the first in bit 0 of the first byte.
    synchronized ByteBuffer toBytes() {
        var bytes = ByteBuffer.allocate((int) Math.ceilDiv(bitsFor(size, granularityBits), 8));
        bytes.put(bits.toByteArray());
        return bytes.clear();
    }

    /// Sets what is set in `bytes`, which begin with the bit number `first`, a multiple of 8.
    synchronized void load(long first, ByteBuffer bytes) {
        var loaded = BitSet.valueOf(bytes.order(ByteOrder.LITTLE_ENDIAN));
        long last = bitsFor(size, granularityBits);
        loaded.stream()
                .mapToLong(bit -> first + bit)
                .takeWhile(bit -> bit < last)
                .forEach(bit -> bits.set((int) bit));
    }
}
