package org.xenolith.migration.pages;

import org.xenolith.base.Clock;
import org.xenolith.state.stream.PageKind;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Sends pages by several connections at once (docs/specs/migration-protocol.md), of which the
/// first is that of the machine's stream.
///
/// ```
///   who finds pages ──► batches of each lane ──► Lane: a thread, PageSender ──► connection
/// ```
///
/// Between two flushes pages come behind an odd barrier of each connection and ahead of an even
/// one, and the first connection is this object's. When [#flush] has returned it is the caller's
/// again.
public final class SpreadPages implements PageTransmission {
    private final Striping striping;
    private final LaneFailures failures = new LaneFailures();
    private final List<Lane> lanes = new ArrayList<>();
    private int barriers;

    /// Holes have gone and other pages have not yet: these may need the frames of those.
    private boolean holes;

    /// How pages are packed and written.
    ///
    /// @param choices one for each connection
    /// @param takeMillisMax a connection that takes nothing for so long has failed
    public record Means(Supplier<PackingChoice> choices, Clock clock, long takeMillisMax) {}

    /// @param writer of the machine's stream, behind its static data
    /// @param meter below `writer`
    /// @param further the other connections, from their first octet
    public SpreadPages(
            StreamWriter writer,
            MeteredOutput meter,
            List<WritableByteChannel> further,
            Means means)
            throws IOException {
        striping = new Striping(1 + further.size());
        lanes.add(lane(new Lane.Output(writer, meter), means));
        for (var channel : further) {
            lanes.add(lane(begun(new MeteredOutput(channel, means.clock)), means));
        }
        lanes.forEach(Lane::start);
    }

    /// What it is of which pages come is not said: the first connection does.
    private static Lane.Output begun(MeteredOutput meter) throws IOException {
        var writer = new StreamWriter(meter, 0, StreamWriter.Alignment.NONE, 0, 0);
        writer.write(new StreamRecord.StaticDataEnd());
        return new Lane.Output(writer, meter);
    }

    private Lane lane(Lane.Output output, Means means) {
        var name = "connection %d of %d".formatted(lanes.size() + 1, striping.lanes());
        var sender =
                new PageSender(
                        output.writer(),
                        output.meter(),
                        means.clock,
                        means.choices.get(),
                        striping);
        return new Lane(name, output, sender, failures, means.clock, means.takeMillisMax);
    }

    @Override
    public void content(long gfn, MemorySegment content, boolean again) throws IOException {
        behindHoles(gfn).content(gfn, content, again);
    }

    @Override
    public void allocated(long gfn) throws IOException {
        behindHoles(gfn).add(PageKind.ALLOCATED, gfn);
    }

    @Override
    public void hole(long gfn) throws IOException {
        lane(gfn).add(PageKind.HOLE, gfn);
        holes = true;
    }

    private Lane behindHoles(long gfn) throws IOException {
        if (holes) {
            barrier();
        }
        return lane(gfn);
    }

    private Lane lane(long gfn) throws IOException {
        if (!isSpread()) {
            barrier();
        }
        return lanes.get(striping.lane(gfn));
    }

    private boolean isSpread() {
        return new StreamRecord.Barrier(barriers).spreads();
    }

    private void barrier() throws IOException {
        barriers++;
        for (var lane : lanes) {
            lane.barrier(barriers);
        }
        holes = false;
    }

    @Override
    public void flush() throws IOException {
        if (!isSpread()) {
            failures.requireNone();
            return;
        }
        barrier();
        for (var lane : lanes) {
            lane.drain();
        }
    }

    @Override
    public long pages() {
        return lanes.stream().mapToLong(Lane::pages).sum();
    }

    @Override
    public long passed() {
        return lanes.stream().mapToLong(Lane::passed).sum();
    }

    @Override
    public long furtherBytes() {
        return lanes.stream().skip(1).mapToLong(Lane::bytes).sum();
    }

    @Override
    public void onTaken(Runnable then) {
        lanes.forEach(lane -> lane.onTaken(then));
    }

    /// The connections are the caller's to close.
    @Override
    public void close() {
        lanes.forEach(Lane::close);
    }
}
