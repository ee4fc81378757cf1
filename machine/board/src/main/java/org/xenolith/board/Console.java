package org.xenolith.board;

import org.xenolith.base.Clock;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The two directions of one character device of a domain. It outlives a reboot.
///
/// Output is kept in a ring of the last [#HISTORY_BYTES_MAX] bytes; any number of readers follow
/// it, each at its own pace, and a reader that falls behind loses the oldest. Input waits in a
/// queue of [#INPUT_BYTES_MAX] bytes until the guest takes it.
public final class Console implements AutoCloseable {
    /// As much as `xenconsoled` buffers for a domain.
    public static final int HISTORY_BYTES_MAX = 1 << 20;

    public static final int INPUT_BYTES_MAX = 1 << 16;

    /// Bytes that a sink is offered at a time.
    private static final int CHUNK_BYTES = 1024;

    private static final byte[] NONE = {};

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition outputArrived = lock.newCondition();
    private final Condition inputTaken = lock.newCondition();
    private byte[] history = new byte[1 << 14];
    private long outputBytes;
    private final byte[] input = new byte[INPUT_BYTES_MAX];
    private int inputStart;
    private int inputCount;
    private boolean feeding;
    private boolean feedAgain;
    private boolean closed;
    private Runnable inputListener = () -> {};

    // ---------------------------------------------------------------- the guest's side

    /// The guest has written. Never waits.
    public void output(byte[] bytes, int from, int length) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            grow(length);
            for (int i = 0; i < length; i++) {
                history[(int) (outputBytes % history.length)] = bytes[from + i];
                outputBytes++;
            }
            outputArrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    public void output(byte[] bytes) {
        output(bytes, 0, bytes.length);
    }

    /// Takes typed bytes on the guest's behalf, as many from the front as it has room for, and says
    /// how many. Does not wait.
    @FunctionalInterface
    public interface Sink {
        int accept(byte[] bytes);
    }

    /// Moves waiting input into `sink` until there is no more or the sink is full. To be called
    /// when input has arrived and when the sink has got room. One thread at a time feeds; a call
    /// that finds another at it leaves it a note and returns.
    public void feed(Sink sink) {
        var bytes = beginFeeding();
        while (bytes.length > 0) {
            bytes = continueFeeding(sink.accept(bytes));
        }
    }

    private byte[] beginFeeding() {
        lock.lock();
        try {
            if (feeding) {
                feedAgain = true;
                return NONE;
            }
            feeding = true;
            return nextChunk();
        } finally {
            lock.unlock();
        }
    }

    private byte[] continueFeeding(int accepted) {
        lock.lock();
        try {
            inputStart = (inputStart + accepted) % INPUT_BYTES_MAX;
            inputCount -= accepted;
            if (accepted > 0) {
                inputTaken.signalAll();
            }
            boolean goOn = accepted > 0 || feedAgain;
            feedAgain = false;
            if (goOn) {
                return nextChunk();
            }
            feeding = false;
            return NONE;
        } finally {
            lock.unlock();
        }
    }

    private byte[] nextChunk() {
        var chunk = new byte[Math.min(CHUNK_BYTES, inputCount)];
        for (int i = 0; i < chunk.length; i++) {
            chunk[i] = input[(inputStart + i) % INPUT_BYTES_MAX];
        }
        feeding = chunk.length > 0;
        return chunk;
    }

    /// `listener` is called, with no lock held, on the sending thread after input has arrived. It
    /// replaces an earlier one.
    public void onInput(Runnable listener) {
        boolean waiting;
        lock.lock();
        try {
            inputListener = listener;
            waiting = inputCount > 0;
        } finally {
            lock.unlock();
        }
        if (waiting) {
            listener.run();
        }
    }

    /// The domain is gone: readers get what is left and then the end.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            outputArrived.signalAll();
            inputTaken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---------------------------------------------------------------- the user's side

    /// Follows the output from the oldest byte still kept.
    public Reader reader() {
        return new Reader(0);
    }

    /// Follows the output from now on.
    public Reader readerFromNow() {
        lock.lock();
        try {
            return new Reader(outputBytes);
        } finally {
            lock.unlock();
        }
    }

    /// Types `bytes`, waiting while the queue is full. False if the console was closed first.
    public boolean send(byte[] bytes) throws InterruptedException {
        int sent = 0;
        while (sent < bytes.length) {
            Runnable listener;
            lock.lockInterruptibly();
            try {
                while (inputCount == INPUT_BYTES_MAX && !closed) {
                    inputTaken.await();
                }
                if (closed) {
                    return false;
                }
                int part = Math.min(bytes.length - sent, INPUT_BYTES_MAX - inputCount);
                for (int i = 0; i < part; i++) {
                    input[(inputStart + inputCount + i) % INPUT_BYTES_MAX] = bytes[sent + i];
                }
                inputCount += part;
                sent += part;
                listener = inputListener;
            } finally {
                lock.unlock();
            }
            listener.run();
        }
        return true;
    }

    /// Types `text` as UTF-8.
    public boolean send(String text) throws InterruptedException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /// All output still kept, one character a byte.
    public String text() {
        lock.lock();
        try {
            int length = (int) Math.min(outputBytes, history.length);
            var bytes = new byte[length];
            copy(outputBytes - length, bytes, 0, length);
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } finally {
            lock.unlock();
        }
    }

    /// Follows a console's output. For one thread.
    public final class Reader {
        private long position;
        private final StringBuilder unmatched = new StringBuilder();

        private Reader(long position) {
            this.position = position;
        }

        /// Waits for at least one byte. Returns how many were put into `into`, or -1 at the end.
        public int read(byte[] into) throws InterruptedException {
            return read(into, Long.MAX_VALUE);
        }

        /// As above, for at most `nanos`; 0 if none came in time.
        private int read(byte[] into, long nanos) throws InterruptedException {
            lock.lockInterruptibly();
            try {
                long left = nanos;
                while (position == outputBytes) {
                    if (closed) {
                        return -1;
                    }
                    if (left <= 0) {
                        return 0;
                    }
                    left = outputArrived.awaitNanos(left);
                }
                position = Math.max(position, outputBytes - history.length);
                int part = (int) Math.min(into.length, outputBytes - position);
                copy(position, into, 0, part);
                position += part;
                return part;
            } finally {
                lock.unlock();
            }
        }

        /// Reads until `text` has come. Returns everything up to and including it; what follows is
        /// kept for the next call. Throws [ConsoleTimeoutException] with what came instead if the
        /// time is over or the console has ended.
        public String awaitText(String text, Duration atMost) throws InterruptedException {
            var clock = Clock.system();
            long deadline = clock.nanos() + atMost.toNanos();
            var bytes = new byte[4096];
            while (true) {
                int found = unmatched.indexOf(text);
                if (found >= 0) {
                    var seen = unmatched.substring(0, found + text.length());
                    unmatched.delete(0, seen.length());
                    return seen;
                }
                int count = read(bytes, deadline - clock.nanos());
                if (count <= 0) {
                    throw new ConsoleTimeoutException(text, unmatched.toString(), count < 0);
                }
                unmatched.append(new String(bytes, 0, count, StandardCharsets.ISO_8859_1));
                if (unmatched.length() > HISTORY_BYTES_MAX) {
                    unmatched.delete(0, unmatched.length() - HISTORY_BYTES_MAX);
                }
            }
        }
    }

    private void grow(int coming) {
        if (outputBytes + coming <= history.length || history.length == HISTORY_BYTES_MAX) {
            return;
        }
        long wanted = Math.min(HISTORY_BYTES_MAX, outputBytes + coming);
        int size = Math.min(HISTORY_BYTES_MAX, Integer.highestOneBit((int) wanted) * 2);
        var grown = new byte[size];
        System.arraycopy(history, 0, grown, 0, (int) outputBytes);
        history = grown;
    }

    private void copy(long from, byte[] into, int at, int length) {
        int start = (int) (from % history.length);
        int first = Math.min(length, history.length - start);
        System.arraycopy(history, start, into, at, first);
        System.arraycopy(history, 0, into, at + first, length - first);
    }
}
