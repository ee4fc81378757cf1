package org.xenolith.migration;

import org.xenolith.board.FurtherPages;
import org.xenolith.state.stream.ChannelInput;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Pages that come by further connections: a thread for each reads and unpacks them. At a barrier
/// these threads and that of the first connection wait for each other; between an even and an odd
/// one no pages come.
final class JoinedPages implements FurtherPages {
    private final List<Link> links;
    private final long silenceMillisMax;
    private final Taker pages;
    private final Consumer<String> failed;
    private final Phaser barrier;
    private final List<CompletableFuture<Void>> threads;
    private final AtomicLong records = new AtomicLong();
    private final AtomicReference<String> failure = new AtomicReference<>();
    private volatile boolean closing;

    /// Those of the first connection.
    private int barriers;

    /// @param links of which [Gathering] has read the first words
    /// @param silenceMillisMax connections of which none brings anything for so long, while the
    ///   first waits for them, have failed
    /// @param failed told, on any thread, why one has failed; once
    JoinedPages(List<Link> links, long silenceMillisMax, Taker pages, Consumer<String> failed) {
        this.links = links;
        this.silenceMillisMax = silenceMillisMax;
        this.pages = pages;
        this.failed = failed;
        this.barrier = new Phaser(1 + links.size());
        this.threads = IntStream.range(0, links.size()).mapToObj(this::begin).toList();
    }

    private CompletableFuture<Void> begin(int index) {
        var name = "connection %d of %d".formatted(index + 2, links.size() + 1);
        return CompletableFuture.runAsync(
                () -> run(name, links.get(index)),
                task -> Thread.ofPlatform().daemon().name("migration-" + name).start(task));
    }

    // ---------------------------------------------------------------- a further connection

    private void run(String name, Link link) {
        try {
            read(new StreamReader(new ChannelInput(link.input())));
        } catch (IOException | StreamException | RuntimeException | OutOfMemoryError e) {
            fail("%s has failed: %s".formatted(name, e.getMessage()));
        }
    }

    private void read(StreamReader reader) throws IOException, StreamException {
        var last = new StreamRecord.Barrier(0);
        while (true) {
            switch (reader.next()) {
                case StreamRecord.StaticDataEnd _ -> {} // it has none
                case StreamRecord.Pages some -> {
                    require(last.spreads(), "pages come out of their time");
                    pages.take(some);
                    records.incrementAndGet();
                }
                case StreamRecord.Barrier next -> {
                    require(next.number() == last.number() + 1, "a barrier is missing");
                    awaitOthers();
                    last = next;
                }
                case StreamRecord.State _,
                        StreamRecord.TscInfo _,
                        StreamRecord.HvmParams _,
                        StreamRecord.HvmContext _,
                        StreamRecord.CpuidPolicy _,
                        StreamRecord.Round _,
                        StreamRecord.Rehearsal _,
                        StreamRecord.Disk _,
                        StreamRecord.DiskData _,
                        StreamRecord.DiskZeroes _,
                        StreamRecord.Verify _,
                        StreamRecord.Checkpoint _,
                        StreamRecord.End _ ->
                        throw new StreamException("what comes are no pages");
            }
        }
    }

    private static void require(boolean holds, String wrong) throws StreamException {
        if (!holds) {
            throw new StreamException(wrong);
        }
    }

    /// How long that takes is for the source to bound, which knows whether it still sends.
    private void awaitOthers() throws IOException {
        if (barrier.arriveAndAwaitAdvance() < 0) {
            throw new IOException("another connection has failed");
        }
    }

    private void fail(String reason) {
        if (!closing && failure.compareAndSet(null, reason)) {
            failed.accept(reason);
            end();
        }
    }

    private void end() {
        barrier.forceTermination();
        FurtherLinks.closeAll(links);
    }

    // ---------------------------------------------------------------- the first connection

    @Override
    public void barrier(int number) throws IOException, StreamException {
        require(number == ++barriers, "a barrier is missing");
        int phase = barrier.arrive();
        long before = records.get();
        while (!awaitAdvance(phase)) {
            if (records.get() == before) {
                fail("nothing comes by other connections any more");
            }
            before = records.get();
        }
        if (failure.get() != null) {
            throw new IOException(failure.get());
        }
    }

    /// False if that takes long.
    private boolean awaitAdvance(int phase) throws IOException {
        try {
            barrier.awaitAdvanceInterruptibly(phase, silenceMillisMax, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// Why a further connection has failed, if one has.
    Optional<String> failure() {
        return Optional.ofNullable(failure.get());
    }

    @Override
    public void close() {
        closing = true;
        end();
        threads.forEach(CompletableFuture::join);
    }
}
