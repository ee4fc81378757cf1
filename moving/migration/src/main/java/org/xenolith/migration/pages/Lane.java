package org.xenolith.migration.pages;

import org.xenolith.base.Clock;
import org.xenolith.state.stream.PageKind;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/// One of the connections that pages go by, with the thread that packs and writes them. Whoever
/// finds pages copies them into batches; a few of these go round between the two threads.
final class Lane implements AutoCloseable {
    /// One is filled, one is packed, one waits.
    private static final int BATCHES = 3;

    private static final long NANOS_IN_MILLI = 1_000_000;

    private final String name;
    private final Output output;
    private final PageSender sender;
    private final LaneFailures failures;
    private final Clock clock;
    private final long takeMillisMax;

    // Guarded by `failures`.
    private final Deque<PageBatch> free = new ArrayDeque<>();
    private final Deque<PageBatch> full = new ArrayDeque<>();
    private boolean closed;

    /// What is being filled; of the thread that finds pages, null for none.
    private PageBatch filling;

    private volatile Counts counts = new Counts(0, 0);

    /// A connection, as it is written.
    ///
    /// @param writer behind its static data
    record Output(StreamWriter writer, MeteredOutput meter) {}

    private record Counts(long pages, long passed) {}

    /// @param name for messages
    /// @param takeMillisMax a connection that takes no batch for so long has failed
    Lane(
            String name,
            Output output,
            PageSender sender,
            LaneFailures failures,
            Clock clock,
            long takeMillisMax) {
        this.name = name;
        this.output = output;
        this.sender = sender;
        this.failures = failures;
        this.clock = clock;
        this.takeMillisMax = takeMillisMax;
        for (int i = 0; i < BATCHES; i++) {
            free.add(new PageBatch());
        }
    }

    void start() {
        Thread.ofPlatform().daemon().name("migration-" + name).start(this::run);
    }

    // ---------------------------------------------------------------- who finds pages

    void content(long gfn, MemorySegment content, boolean again) throws IOException {
        batch().content(gfn, content, again);
        handOverIfFull();
    }

    void add(PageKind kind, long gfn) throws IOException {
        batch().add(kind, gfn);
        handOverIfFull();
    }

    /// Goes at once, with all that has been added.
    void barrier(int number) throws IOException {
        batch().end(number);
        handOver();
    }

    /// Waits until the connection has taken all that was handed over.
    void drain() throws IOException {
        synchronized (failures) {
            await(BATCHES);
        }
    }

    private PageBatch batch() throws IOException {
        if (filling == null) {
            synchronized (failures) {
                await(1);
                filling = free.remove();
            }
        }
        return filling;
    }

    private void handOverIfFull() {
        if (filling.isFull()) {
            handOver();
        }
    }

    private void handOver() {
        synchronized (failures) {
            full.add(filling);
            filling = null;
            failures.notifyAll();
        }
    }

    /// Until so many batches are free.
    private void await(int batches) throws IOException {
        long end = clock.nanos() + takeMillisMax * NANOS_IN_MILLI;
        int before = free.size();
        while (free.size() < batches) {
            failures.requireNone();
            if (free.size() != before) { // it goes on
                before = free.size();
                end = clock.nanos() + takeMillisMax * NANOS_IN_MILLI;
            }
            long left = (end - clock.nanos()) / NANOS_IN_MILLI;
            if (left <= 0) {
                throw new IOException(name + " takes nothing any more");
            }
            waitFor(left);
        }
        failures.requireNone();
    }

    private void waitFor(long millis) throws IOException {
        try {
            failures.wait(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    // ---------------------------------------------------------------- who packs

    private void run() {
        try (sender) {
            for (var batch = next(); batch != null; batch = next()) {
                batch.send(sender);
                counts = new Counts(sender.pages(), sender.passed());
                giveBack(batch);
            }
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            failures.add(new IOException("%s failed: %s".formatted(name, e.getMessage()), e));
        }
    }

    /// Null if there is none any more.
    private PageBatch next() throws IOException {
        synchronized (failures) {
            while (full.isEmpty() && !closed) {
                waitFor(0);
            }
            return closed ? null : full.remove();
        }
    }

    private void giveBack(PageBatch batch) {
        synchronized (failures) {
            free.add(batch);
            failures.notifyAll();
        }
    }

    // ---------------------------------------------------------------- figures

    long pages() {
        return counts.pages;
    }

    long passed() {
        return counts.passed;
    }

    long bytes() {
        return output.meter.bytes();
    }

    void onTaken(Runnable then) {
        output.meter.onTaken(then);
    }

    /// Its thread ends as soon as its connection lets go of it.
    @Override
    public void close() {
        synchronized (failures) {
            closed = true;
            failures.notifyAll();
        }
    }
}
