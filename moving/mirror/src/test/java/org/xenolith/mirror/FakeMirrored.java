package org.xenolith.mirror;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.migration.pages.PageSink;
import org.xenolith.migration.pages.Rounds;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;

/// A machine that is memory and a counter; each step of it writes a page, counts, and lets the
/// outside see the count.
final class FakeMirrored implements MirroredMachine, AutoCloseable {
    private static final int PAGES = 64;

    private record Held(long epoch, long count) {}

    private final GuestMemory memory = GuestMemory.withRam((long) PAGES * Sizes.PAGE_BYTES, 2);
    private final Rounds rounds = new Rounds(memory);
    private final SplittableRandom random = new SplittableRandom(1);
    private final Deque<Held> held = new ArrayDeque<>();

    /// The count at each checkpoint.
    private final Map<Long, Long> counts = new HashMap<>();

    private long count;
    private long seen = -1;
    private long epoch;
    private boolean holding;
    private boolean still;
    private boolean fenced;
    private boolean unprotected;
    private boolean failing;
    private boolean broken;
    private volatile LongConsumer settled = _ -> {};

    synchronized void step() {
        if (still || fenced) {
            return;
        }
        count++;
        memory.writeLong(random.nextInt(PAGES) * (long) Sizes.PAGE_BYTES + 8, count);
        memory.writeLong(0, count);
        if (holding) {
            held.add(new Held(epoch, count));
            if (count % 2 == 0) {
                settled.accept(epoch);
            }
        } else {
            seen = count;
        }
    }

    /// The last count that the outside has seen.
    synchronized long seen() {
        return seen;
    }

    synchronized long count() {
        return count;
    }

    synchronized boolean isFenced() {
        return fenced;
    }

    synchronized boolean isUnprotected() {
        return unprotected;
    }

    synchronized boolean isStill() {
        return still;
    }

    synchronized long countAt(long checkpoint) {
        return counts.get(checkpoint);
    }

    synchronized void failNextCheckpoint() {
        failing = true;
    }

    synchronized void breakNextCheckpoint() {
        broken = true;
    }

    // ---------------------------------------------------------------- as the mirror sees it

    @Override
    public void onSettled(LongConsumer action) {
        settled = action;
    }

    @Override
    public String config() {
        return "name = \"fake\"";
    }

    @Override
    public void saveStaticData(StreamWriter out) throws IOException {
        out.write(new StreamRecord.State("fake", 1, 0, Bytes.of((byte) 7)));
        out.write(new StreamRecord.StaticDataEnd());
    }

    @Override
    public synchronized void sendRound(PageSink pages, StreamWriter out) throws IOException {
        rounds.send(Set.of(), pages);
    }

    @Override
    public synchronized long remainingPages() {
        return rounds.dirty();
    }

    @Override
    public void throttle(int percent) {
        if (percent < 0 || percent > 99) {
            throw new IllegalArgumentException("percent: " + percent);
        }
    }

    @Override
    public synchronized Checkpoint checkpoint(long number) throws MirrorException {
        if (unprotected || fenced) {
            throw new MirrorException("it is not mirrored any more");
        }
        if (failing) {
            throw new MirrorException("the guest has ended");
        }
        if (broken) {
            throw new OutOfMemoryError("a test's");
        }
        var copy = new Copy();
        try {
            rounds.send(Set.of(), copy);
        } catch (IOException e) {
            throw new MirrorException("a copy does not fail", e);
        }
        copy.count = count;
        counts.put(number, count);
        epoch = number + 1;
        holding = true;
        return copy;
    }

    @Override
    public synchronized void release(long number) {
        while (!held.isEmpty() && held.peek().epoch <= number) {
            seen = held.poll().count;
        }
    }

    @Override
    public synchronized void standStill() {
        still = true;
    }

    @Override
    public synchronized void goUnprotected() {
        requireOnce();
        unprotected = true;
        release(Long.MAX_VALUE);
        holding = false;
        still = false;
    }

    @Override
    public synchronized void fence() {
        requireOnce();
        fenced = true;
        held.clear();
    }

    private void requireOnce() {
        if (unprotected || fenced) {
            throw new IllegalStateException("there is one end");
        }
    }

    @Override
    public synchronized void close() {
        memory.close();
    }

    private static final class Copy implements Checkpoint, PageSink {
        private record Page(long gfn, byte[] content) {}

        private final List<Page> pages = new ArrayList<>();
        private long count;

        @Override
        public void content(long gfn, MemorySegment content, boolean again) {
            pages.add(new Page(gfn, content.toArray(ValueLayout.JAVA_BYTE)));
        }

        @Override
        public void allocated(long gfn) {
            pages.add(new Page(gfn, new byte[Sizes.PAGE_BYTES]));
        }

        @Override
        public void hole(long gfn) {
            throw new AssertionError("this machine has no holes");
        }

        @Override
        public void flush() {}

        @Override
        public long pauseNanos() {
            return 1000;
        }

        @Override
        public long pages() {
            return pages.size();
        }

        @Override
        public void write(PageSink sink, StreamWriter out) throws IOException {
            for (var page : pages) {
                sink.content(page.gfn, MemorySegment.ofArray(page.content), true);
            }
            sink.flush();
            var counted = ByteBuffer.allocate(Long.BYTES).putLong(count).array();
            out.write(new StreamRecord.State("fake", 1, 1, Bytes.of(counted)));
            out.write(new StreamRecord.Checkpoint());
        }

        @Override
        public void close() {
            pages.clear();
        }
    }
}
