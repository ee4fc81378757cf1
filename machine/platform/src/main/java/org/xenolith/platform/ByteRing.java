package org.xenolith.platform;

/// A bounded queue of bytes. Not safe for threads: its owner holds a lock.
final class ByteRing {
    private final byte[] content;
    private int first;
    private int size;

    ByteRing(int capacity) {
        content = new byte[capacity];
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    int room() {
        return content.length - size;
    }

    void add(byte value) {
        content[(first + size) % content.length] = value;
        size++;
    }

    /// The oldest byte, 0 to 255; only if there is one.
    int take() {
        int value = content[first] & 0xFF;
        first = (first + 1) % content.length;
        size--;
        return value;
    }

    void clear() {
        size = 0;
    }

    byte[] toArray() {
        var bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = content[(first + i) % content.length];
        }
        return bytes;
    }

    void set(byte[] bytes) {
        System.arraycopy(bytes, 0, content, 0, bytes.length);
        first = 0;
        size = bytes.length;
    }
}
