package org.xenolith.pv.block;

import org.xenolith.linux.IoVector;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/// A disk in memory that writes down what is done with it, fails on demand, and can hold writes up.
final class MemoryDisk implements BlockDisk {
    private final int sectorBytes;
    private final boolean readOnly;
    private byte[] content;
    private long usable;
    private final List<String> done = new ArrayList<>();

    /// While it is not open, writes to sector 0 wait.
    volatile CountDownLatch gate = new CountDownLatch(0);

    /// Whether requests come as places in memory.
    volatile boolean vectored;

    /// Whether nothing has to be waited for.
    volatile boolean inMemory = true;

    /// Told of each read and write.
    volatile Runnable onMove = () -> {};

    volatile boolean failing;
    volatile boolean closed;
    volatile boolean takesMore = true;

    MemoryDisk(int bytes) {
        this(bytes, 512, false);
    }

    MemoryDisk(int bytes, int sectorBytes, boolean readOnly) {
        this.content = new byte[bytes];
        this.usable = bytes;
        this.sectorBytes = sectorBytes;
        this.readOnly = readOnly;
    }

    @Override
    public synchronized long size() {
        return usable;
    }

    @Override
    public synchronized void refresh() throws IOException {
        check();
        usable = content.length;
    }

    @Override
    public int sectorBytes() {
        return sectorBytes;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public boolean discards() {
        return true;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        check();
        onMove.run();
        synchronized (this) {
            target.put(content, (int) offset, target.remaining());
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        check();
        onMove.run();
        if (offset == 0) {
            pass(gate);
        }
        synchronized (this) {
            done.add("write " + offset / 512);
            source.get(content, (int) offset, source.remaining());
        }
    }

    @Override
    public boolean isVectored() {
        return vectored;
    }

    @Override
    public void read(long offset, IoVector targets) throws IOException {
        targets.useEach((before, place) -> read(offset + before, place));
    }

    @Override
    public boolean readAtOnce(long offset, IoVector targets) throws IOException {
        if (!inMemory) {
            return false;
        }
        read(offset, targets);
        return true;
    }

    @Override
    public void write(long offset, IoVector sources) throws IOException {
        var all = ByteBuffer.allocate((int) sources.bytes());
        sources.useEach((_, place) -> all.put(place));
        write(offset, all.flip());
    }

    private static void pass(CountDownLatch gate) throws IOException {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Override
    public synchronized void discard(long offset, long bytes) throws IOException {
        check();
        done.add("discard " + offset / 512 + " " + bytes / 512);
        Arrays.fill(content, (int) offset, (int) (offset + bytes), (byte) 0);
    }

    @Override
    public boolean takesMore() {
        return takesMore;
    }

    @Override
    public synchronized void flush() throws IOException {
        check();
        done.add("flush");
    }

    @Override
    public void close() {
        closed = true;
    }

    private void check() throws IOException {
        if (failing || closed) {
            throw new IOException("the disk fails");
        }
    }

    synchronized void resize(int bytes) {
        content = Arrays.copyOf(content, bytes);
    }

    synchronized byte[] bytes(int offset, int length) {
        return Arrays.copyOfRange(content, offset, offset + length);
    }

    synchronized void put(int offset, byte[] bytes) {
        System.arraycopy(bytes, 0, content, offset, bytes.length);
    }

    /// What was done since the last call.
    synchronized List<String> done() {
        var list = List.copyOf(done);
        done.clear();
        return list;
    }
}
