package org.xenolith.images;

import java.util.Arrays;

/// A set of numbers from 1 on, in 16 bytes each or less: linear probing, at most half full.
final class LongSet {
    private static final long FREE = 0;
    private static final long GONE = -1;

    private long[] slots = new long[64];

    /// Slots that are not [#FREE].
    private int taken;

    private int size;

    int size() {
        return size;
    }

    boolean contains(long value) {
        for (int i = home(value, slots); ; i = i + 1 & slots.length - 1) {
            if (slots[i] == value) {
                return true;
            }
            if (slots[i] == FREE) {
                return false;
            }
        }
    }

    /// Returns false if it is there already.
    boolean add(long value) {
        if (value <= 0) {
            throw new IllegalArgumentException("not a number from 1 on: " + value);
        }
        if (contains(value)) {
            return false;
        }
        if (taken + 1 > slots.length / 2) {
            rebuild();
        }
        put(value, slots);
        taken++;
        size++;
        return true;
    }

    void remove(long value) {
        for (int i = home(value, slots); slots[i] != FREE; i = i + 1 & slots.length - 1) {
            if (slots[i] == value) {
                slots[i] = GONE;
                size--;
                return;
            }
        }
    }

    private void rebuild() {
        var larger = new long[Math.max(64, Integer.highestOneBit(size + 1) * 4)];
        Arrays.stream(slots).filter(value -> value > 0).forEach(value -> put(value, larger));
        slots = larger;
        taken = size;
    }

    private static void put(long value, long[] into) {
        int i = home(value, into);
        while (into[i] != FREE) {
            i = i + 1 & into.length - 1;
        }
        into[i] = value;
    }

    private static int home(long value, long[] slots) {
        long mixed = value * 0x9E37_79B9_7F4A_7C15L;
        return (int) (mixed >>> 32) & slots.length - 1;
    }
}
