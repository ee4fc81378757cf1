package org.xenolith.pv;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.xenolith.state.Bytes;

/// Shows one console (PV or serial) to any number of people, up to [#SESSIONS_MAX]: fans the
/// guest's output out to every attached [ConsoleSession] and feeds what they type to the guest.
///
/// Keeps the last [#SCROLL_BACK_BYTES] of output and shows them to whoever attaches. Never waits
/// for a session: one that falls too far behind is disconnected. All methods may be called from any
/// thread.
public final class ConsoleHub implements Consumer<Bytes>, AutoCloseable {
    /// Bytes of past output that a new session is shown.
    public static final int SCROLL_BACK_BYTES = 64 * 1024;

    /// Sessions attached at one time.
    public static final int SESSIONS_MAX = 64;

    private final ReentrantLock lock = new ReentrantLock();
    private final ByteQueue scrollBack = new ByteQueue(SCROLL_BACK_BYTES);
    private final List<ConsoleSession> sessions = new ArrayList<>();
    private ConsoleInput input = bytes -> 0;
    private boolean closed;

    /// Where typed bytes go. Until this is called they are refused.
    public void connect(ConsoleInput input) {
        lock.lock();
        try {
            this.input = input;
        } finally {
            lock.unlock();
        }
    }

    /// The guest has written `output`.
    @Override
    public void accept(Bytes output) {
        byte[] bytes = output.toArray();
        lock.lock();
        try {
            scrollBack.addDroppingOldest(bytes);
            sessions.removeIf(session -> !session.offer(bytes));
        } finally {
            lock.unlock();
        }
    }

    /// Attaches one more reader, beginning with the scroll-back.
    ///
    /// @throws IllegalStateException if [#SESSIONS_MAX] are attached
    public ConsoleSession attach() {
        lock.lock();
        try {
            if (sessions.size() >= SESSIONS_MAX) {
                throw new IllegalStateException(
                        "a console takes at most " + SESSIONS_MAX + " sessions");
            }
            var session = new ConsoleSession(this, lock);
            session.offer(scrollBack.peekAll());
            if (closed) {
                session.end();
            } else {
                sessions.add(session);
            }
            return session;
        } finally {
            lock.unlock();
        }
    }

    /// What the guest has written last, at most [#SCROLL_BACK_BYTES].
    public Bytes scrollBack() {
        lock.lock();
        try {
            return Bytes.of(scrollBack.peekAll());
        } finally {
            lock.unlock();
        }
    }

    /// The guest is gone: every session ends once it has read what is there.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            sessions.forEach(ConsoleSession::end);
            sessions.clear();
        } finally {
            lock.unlock();
        }
    }

    int type(byte[] bytes) {
        ConsoleInput target;
        lock.lock();
        try {
            target = input;
        } finally {
            lock.unlock();
        }
        return target.accept(bytes);
    }

    /// Called with the lock held.
    void detach(ConsoleSession session) {
        sessions.remove(session);
    }
}
