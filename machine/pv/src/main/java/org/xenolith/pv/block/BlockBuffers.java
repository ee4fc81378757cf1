package org.xenolith.pv.block;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/// Host memory through which the requests of all block devices of a machine pass. Who has a buffer
/// may perform a request; that bounds both the memory and the threads that a guest can cause,
/// however many devices and rings it has. It is not of the heap, so that the host reads and writes
/// it without a copy in between. May be used from any thread.
public final class BlockBuffers {
    /// Requests of a machine that are performed at a time.
    static final int BUFFERS_MAX = 64;

    /// Bytes of a buffer; longer requests are moved in pieces.
    static final int BUFFER_BYTES = 128 * 1024;

    /// Buffers that are kept for the next request, 4 MiB: those of more at a time are made anew.
    private static final int IDLE_MAX = 32;

    private final Semaphore permits = new Semaphore(BUFFERS_MAX);
    private final ConcurrentLinkedQueue<ByteBuffer> idle = new ConcurrentLinkedQueue<>();
    private final AtomicInteger idleCount = new AtomicInteger();

    /// Waits until there is one. Its content is anything.
    ByteBuffer take() {
        permits.acquireUninterruptibly();
        var buffer = idle.poll();
        if (buffer == null) {
            return ByteBuffer.allocateDirect(BUFFER_BYTES);
        }
        idleCount.decrementAndGet();
        return buffer;
    }

    /// Gives a buffer back that was taken.
    void give(ByteBuffer buffer) {
        if (idleCount.incrementAndGet() <= IDLE_MAX) {
            idle.add(buffer);
        } else {
            idleCount.decrementAndGet();
        }
        permits.release();
    }

    /// How many are taken.
    int taken() {
        return BUFFERS_MAX - permits.availablePermits();
    }
}
