package org.xenolith.pv;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// One client of a [ConsoleHub]. Output waits here until it is read; a client that leaves more than
/// [#UNREAD_BYTES_MAX] unread is disconnected.
public final class ConsoleSession implements AutoCloseable {
    /// Bytes of output held for a client that does not read.
    public static final int UNREAD_BYTES_MAX = 256 * 1024;

    private final ConsoleHub hub;

    /// The hub's lock guards the session too.
    private final ReentrantLock lock;

    private final Condition changed;
    private final ByteQueue unread = new ByteQueue(UNREAD_BYTES_MAX);
    private boolean ended;

    ConsoleSession(ConsoleHub hub, ReentrantLock lock) {
        this.hub = hub;
        this.lock = lock;
        this.changed = lock.newCondition();
    }

    /// Waits for output, at most `timeout`, and moves it into `into`.
    ///
    /// @return how many bytes were moved; 0 when the time is up; -1 when the session has ended (the
    ///   guest is gone, the client was too slow, or [#close] was called) and all is read
    public int read(byte[] into, Duration timeout) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = timeout.toNanos();
            while (unread.size() == 0 && !ended && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (unread.size() == 0) {
                return ended ? -1 : 0;
            }
            return unread.remove(into);
        } finally {
            lock.unlock();
        }
    }

    /// Types `bytes` at the guest; returns how many, from the front, it had room for.
    public int write(byte[] bytes) {
        return hub.type(bytes);
    }

    /// Whether nothing more will come than what is still unread.
    public boolean ended() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            hub.detach(this);
            end();
        } finally {
            lock.unlock();
        }
    }

    /// Called with the lock held. False, and the session has ended, if `bytes` do not fit.
    boolean offer(byte[] bytes) {
        if (!unread.add(bytes)) {
            end();
            return false;
        }
        changed.signalAll();
        return true;
    }

    /// Called with the lock held.
    void end() {
        ended = true;
        changed.signalAll();
    }
}
