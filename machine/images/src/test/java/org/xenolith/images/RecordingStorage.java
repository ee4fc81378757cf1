package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// A file in memory that remembers what was done to it, so that a test can tell what a host might
/// have kept when it lost power at any moment: everything up to the last flush, and of what came
/// after it any part in any order.
final class RecordingStorage implements Storage {
    private static final int SECTOR_BYTES = 512;

    /// One change; `bytes` is null for a flush, and the file's new size goes with each.
    record Change(long offset, byte[] bytes, int size) {}

    private final List<Change> changes = new ArrayList<>();
    private final byte[] initial;
    private byte[] content;
    private int size;

    RecordingStorage(byte[] initial) {
        this.initial = initial.clone();
        content = initial.clone();
        size = initial.length;
    }

    synchronized int count() {
        return changes.size();
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public synchronized long size() {
        return size;
    }

    @Override
    public synchronized void read(long offset, ByteBuffer target) {
        int known = (int) Math.max(0, Math.min(target.remaining(), size - offset));
        if (known > 0) {
            target.put(content, (int) offset, known);
        }
        Bytes.fillWithZeros(target, target.remaining());
    }

    @Override
    public synchronized void write(long offset, ByteBuffer source) {
        var bytes = new byte[source.remaining()];
        source.get(bytes);
        put(offset, bytes);
    }

    private void put(long offset, byte[] bytes) {
        setSize((int) Math.max(size, offset + bytes.length));
        System.arraycopy(bytes, 0, content, (int) offset, bytes.length);
        changes.add(new Change(offset, bytes, size));
    }

    private void setSize(int bytes) {
        if (bytes > content.length) {
            content = Arrays.copyOf(content, Math.max(bytes, content.length * 2));
        }
        if (bytes < size) {
            Arrays.fill(content, bytes, size, (byte) 0);
        }
        size = bytes;
    }

    @Override
    public synchronized void flush() {
        changes.add(new Change(0, null, size));
    }

    @Override
    public synchronized void resize(long bytes) {
        setSize((int) bytes);
        changes.add(new Change(0, new byte[0], size));
    }

    @Override
    public synchronized void zero(long offset, long bytes) {
        if (offset + bytes > size) {
            throw new AssertionError("zeros behind the end");
        }
        put(offset, new byte[(int) bytes]);
    }

    @Override
    public long nextData(long from) {
        return from;
    }

    @Override
    public long nextHole(long from) {
        return Math.max(from, size());
    }

    @Override
    public void close() {}

    /// What may be in the file if power is lost after the first `count` changes: all that was
    /// flushed, and of the rest as `random` says. `kill`: the process was killed and the host
    /// lives, so nothing is lost.
    synchronized byte[] after(int count, boolean kill, SplittableRandom random) {
        int flushed = 0;
        for (int i = 0; i < count; i++) {
            if (changes.get(i).bytes == null) {
                flushed = i;
            }
        }
        var file = new RecordingStorage(initial);
        for (int i = 0; i < count; i++) {
            var change = changes.get(i);
            if (change.bytes == null) {
                continue;
            }
            if (i < flushed || kill) {
                file.setSize(Math.max(change.size, i < flushed ? 0 : file.size));
                System.arraycopy(
                        change.bytes, 0, file.content, (int) change.offset, change.bytes.length);
            } else {
                file.applyPart(change, random);
            }
        }
        return Arrays.copyOf(file.content, file.size);
    }

    /// Of a write that was not flushed, each sector may be there or not.
    private void applyPart(Change change, SplittableRandom random) {
        int kept = random.nextInt(3);
        for (int from = 0; from < change.bytes.length; ) {
            long at = change.offset + from;
            int step =
                    Math.min(change.bytes.length - from, SECTOR_BYTES - (int) (at % SECTOR_BYTES));
            if (kept == 1 || kept == 2 && random.nextBoolean()) {
                setSize((int) Math.max(size, at + step));
                System.arraycopy(change.bytes, from, content, (int) at, step);
            }
            from += step;
        }
    }
}
