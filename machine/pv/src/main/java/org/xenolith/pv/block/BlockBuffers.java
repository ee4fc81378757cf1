package org.xenolith.pv.block;

import org.xenolith.linux.IoVector;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/// What the requests of all block devices of a machine pass through. Who has a passage may perform
/// a request; that bounds both the memory and the threads that a guest can cause, however many
/// devices and rings it has. May be used from any thread.
public final class BlockBuffers {
    /// Requests of a machine that are performed at a time.
    static final int BUFFERS_MAX = 64;

    /// What one request passes through: a buffer, which is not of the heap, so that the host reads
    /// and writes it without a copy in between; or the places in the guest's memory that the host
    /// itself fills, or writes from.
    record Passage(ByteBuffer buffer, IoVector places) {
        static Passage create() {
            return new Passage(
                    ByteBuffer.allocateDirect(BUFFER_BYTES),
                    new IoVector(RequestParser.INDIRECT_SEGMENTS_MAX));
        }
    }

    /// Bytes of a buffer; longer requests are moved in pieces.
    static final int BUFFER_BYTES = 128 * 1024;

    /// Passages that are kept for the next request, 4 MiB: those of more at a time are made anew.
    private static final int IDLE_MAX = 32;

    private final Semaphore permits = new Semaphore(BUFFERS_MAX);
    private final ConcurrentLinkedQueue<Passage> idle = new ConcurrentLinkedQueue<>();
    private final AtomicInteger idleCount = new AtomicInteger();

    /// Waits until there is one. Its content is anything.
    Passage take() {
        permits.acquireUninterruptibly();
        return next();
    }

    /// The same, if there is one now.
    Optional<Passage> takeNow() {
        return permits.tryAcquire() ? Optional.of(next()) : Optional.empty();
    }

    private Passage next() {
        var passage = idle.poll();
        if (passage == null) {
            return Passage.create();
        }
        idleCount.decrementAndGet();
        return passage;
    }

    /// Gives a passage back that was taken.
    void give(Passage passage) {
        if (idleCount.incrementAndGet() <= IDLE_MAX) {
            idle.add(passage);
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
