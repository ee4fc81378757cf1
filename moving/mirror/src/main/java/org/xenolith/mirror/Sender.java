package org.xenolith.mirror;

import org.xenolith.base.Clock;
import org.xenolith.migration.Departure;
import org.xenolith.migration.pages.MeteredOutput;
import org.xenolith.migration.pages.PackingChoice;
import org.xenolith.migration.pages.PageSender;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.MirrorOptions;
import org.xenolith.mirror.protocol.PrimaryEvent;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Takes checkpoints, on one thread, and writes the machine's stream, on another. What is asked for
/// comes from a third, and does not wait.
final class Sender {
    private sealed interface Work {
        record Copy() implements Work {}

        record Send(long epoch) implements Work {}

        record End() implements Work {}
    }

    private static final long NO_MORE = -1;

    /// The first copy and what is outstanding, and the end.
    private static final int WORK_MAX = MirrorOptions.OUTSTANDING_MAX + 2;

    private final MirroredMachine machine;
    private final FrameOutput out;
    private final Clock clock;
    private final Departure.Version version;
    private final Consumer<PrimaryEvent> events;
    private final ArrayBlockingQueue<Work> work = new ArrayBlockingQueue<>(WORK_MAX);
    private final ArrayBlockingQueue<Long> toTake = new ArrayBlockingQueue<>(WORK_MAX);
    private final ArrayBlockingQueue<Integer> rounds = new ArrayBlockingQueue<>(WORK_MAX);
    private final Map<Long, Checkpoint> checkpoints = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Sender(
            MirroredMachine machine,
            FrameOutput out,
            Clock clock,
            Departure.Version version,
            Consumer<PrimaryEvent> events) {
        this.machine = machine;
        this.out = out;
        this.clock = clock;
        this.version = version;
        this.events = events;
    }

    FrameOutput out() {
        return out;
    }

    // ---------------------------------------------------------------- asked for

    void copy() {
        work.add(new Work.Copy());
    }

    /// Take a checkpoint.
    void take(long epoch) {
        toTake.add(epoch);
    }

    /// Send one that has been taken.
    void send(long epoch) {
        work.add(new Work.Send(epoch));
    }

    /// One that has been taken is not needed.
    void drop(long epoch) {
        var checkpoint = checkpoints.remove(epoch);
        if (checkpoint != null) {
            checkpoint.close();
        }
    }

    /// The backup has a round in its memory.
    void roundTaken(int round) throws IOException {
        if (!rounds.offer(round)) {
            throw new IOException("the backup takes rounds that there were not");
        }
    }

    /// Nothing is to be sent any more; the connection is closed.
    void close() {
        closed = true;
        rounds.offer(0);
        toTake.offer(NO_MORE);
        work.offer(new Work.End());
        checkpoints.keySet().forEach(this::drop);
    }

    // ---------------------------------------------------------------- checkpoints

    void takeCheckpoints() {
        try {
            for (long epoch = toTake.take(); epoch != NO_MORE && !closed; epoch = toTake.take()) {
                takeOne(epoch);
            }
        } catch (InterruptedException _) {
            events.accept(new PrimaryEvent.EndRequested("interrupted"));
        }
    }

    private void takeOne(long epoch) {
        try {
            var checkpoint = machine.checkpoint(epoch);
            checkpoints.put(epoch, checkpoint);
            if (closed) {
                drop(epoch);
                return;
            }
            events.accept(
                    new PrimaryEvent.CheckpointTaken(
                            epoch, checkpoint.pauseNanos(), checkpoint.pages()));
        } catch (MirrorException e) {
            events.accept(new PrimaryEvent.EndRequested(String.valueOf(e.getMessage())));
        } catch (RuntimeException | Error e) {
            events.accept(new PrimaryEvent.EndRequested("a checkpoint failed: " + e));
        }
    }

    // ---------------------------------------------------------------- the stream

    void run() {
        var meter = new MeteredOutput(out, clock);
        try {
            if (!(work.take() instanceof Work.Copy)) {
                return;
            }
            var writer =
                    new StreamWriter(meter, 0, Alignment.NONE, version.major(), version.minor());
            try (var pages = new PageSender(writer, meter, clock, PackingChoice.sparing())) {
                send(new Sending(writer, pages, meter));
            }
        } catch (IOException e) {
            events.accept(
                    new PrimaryEvent.Disconnected("the connection failed: " + e.getMessage()));
        } catch (MirrorException e) {
            events.accept(new PrimaryEvent.EndRequested(String.valueOf(e.getMessage())));
        } catch (InterruptedException _) {
            events.accept(new PrimaryEvent.EndRequested("interrupted"));
        } catch (RuntimeException | Error e) {
            events.accept(new PrimaryEvent.EndRequested("the machine cannot be sent: " + e));
        }
    }

    /// Where the stream goes.
    private record Sending(StreamWriter writer, PageSender pages, MeteredOutput meter) {}

    private void send(Sending sending) throws IOException, MirrorException, InterruptedException {
        machine.saveStaticData(sending.writer);
        new FirstCopy(machine, clock, this::awaitRound)
                .send(sending.writer, sending.pages, sending.meter);
        events.accept(new PrimaryEvent.Copied());
        while (work.take() instanceof Work.Send(long epoch)) {
            sendCheckpoint(epoch, sending);
        }
    }

    private void awaitRound(int round) throws IOException, InterruptedException {
        int taken = rounds.take();
        if (taken != round) {
            throw new IOException(
                    closed ? "it has been closed" : "the backup has taken round " + taken);
        }
    }

    private void sendCheckpoint(long epoch, Sending sending) throws IOException {
        var checkpoint = checkpoints.remove(epoch);
        if (checkpoint == null) {
            return; // it has been dropped: the end
        }
        long before = sending.meter.bytes();
        try (checkpoint) {
            checkpoint.write(sending.pages, sending.writer);
        }
        sending.meter.flush();
        out.send(new Message.EpochEnd(epoch));
        events.accept(new PrimaryEvent.CheckpointSent(epoch, sending.meter.bytes() - before));
    }
}
