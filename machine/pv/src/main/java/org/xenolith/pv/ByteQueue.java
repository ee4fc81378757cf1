package org.xenolith.pv;

import java.util.Arrays;

/// A queue of bytes with a capacity; grows to it as needed. Not thread-safe.
final class ByteQueue {
    private static final int INITIAL_BYTES = 1024;

    private final int capacity;
    private byte[] ring;
    private int start;
    private int size;

    ByteQueue(int capacity) {
        this.capacity = capacity;
        this.ring = new byte[Math.min(INITIAL_BYTES, capacity)];
    }

    int size() {
        return size;
    }

    int room() {
        return capacity - size;
    }

    /// Adds all of `bytes`, or none of them if they do not fit.
    boolean add(byte[] bytes) {
        if (bytes.length > room()) {
            return false;
        }
        append(bytes, 0, bytes.length);
        return true;
    }

    /// Adds `bytes`; the oldest go if there is no room.
    void addDroppingOldest(byte[] bytes) {
        int length = Math.min(bytes.length, capacity);
        int excess = Math.max(0, length - room());
        start = (start + excess) % ring.length;
        size -= excess;
        append(bytes, bytes.length - length, length);
    }

    /// Moves the oldest bytes into `into`; returns how many.
    int remove(byte[] into) {
        int length = Math.min(into.length, size);
        copyOut(into, length);
        start = (start + length) % ring.length;
        size -= length;
        return length;
    }

    /// A copy of all, oldest first.
    byte[] peekAll() {
        var all = new byte[size];
        copyOut(all, size);
        return all;
    }

    void clear() {
        start = 0;
        size = 0;
    }

    private void append(byte[] bytes, int from, int length) {
        if (size + length > ring.length) {
            grow(size + length);
        }
        int end = (start + size) % ring.length;
        int first = Math.min(length, ring.length - end);
        System.arraycopy(bytes, from, ring, end, first);
        System.arraycopy(bytes, from + first, ring, 0, length - first);
        size += length;
    }

    private void grow(int needed) {
        byte[] all = Arrays.copyOf(peekAll(), Math.min(capacity, Math.max(needed, size * 2)));
        ring = all;
        start = 0;
    }

    private void copyOut(byte[] into, int length) {
        int first = Math.min(length, ring.length - start);
        System.arraycopy(ring, start, into, 0, first);
        System.arraycopy(ring, 0, into, first, length - first);
    }
}
