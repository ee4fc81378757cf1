package org.xenolith.mirror;

import org.xenolith.base.Clock;
import org.xenolith.migration.pages.MeteredOutput;
import org.xenolith.migration.pages.PageSender;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;

/// Sends the machine, by rounds, while it runs, until what is left is as much as a checkpoint may
/// have. For one thread.
final class FirstCopy {
    /// What is left may take so long: about what the backup may lag behind later.
    private static final double GOAL_SECONDS = 0.1;

    /// Fewer pages than that are worth no round.
    private static final long PAGES_MIN = 1000;

    /// A guest that writes faster than it is sent is made slower; after so many rounds the
    /// checkpoint is taken whatever is left.
    private static final int ROUNDS_MAX = 20;

    private static final int ROUNDS_BEFORE_THROTTLE = 4;
    private static final int THROTTLE_STEP_PERCENT = 20;
    private static final int THROTTLE_PERCENT_MAX = 80;

    private final MirroredMachine machine;
    private final Clock clock;
    private final Taken taken;

    /// Waits until the backup has a round.
    @FunctionalInterface
    interface Taken {
        void await(int round) throws IOException, InterruptedException;
    }

    FirstCopy(MirroredMachine machine, Clock clock, Taken taken) {
        this.machine = machine;
        this.clock = clock;
        this.taken = taken;
    }

    void send(StreamWriter out, PageSender pages, MeteredOutput meter)
            throws IOException, MirrorException, InterruptedException {
        try {
            for (int round = 1; round <= ROUNDS_MAX; round++) {
                long start = clock.nanos();
                long before = pages.pages();
                machine.sendRound(pages, out);
                out.write(new StreamRecord.Round(round));
                meter.flush();
                taken.await(round);
                double seconds = Math.max(1, clock.nanos() - start) / 1e9;
                double rate = (pages.pages() - before) / seconds;
                long left = machine.remainingPages();
                if (left <= Math.max(PAGES_MIN, rate * GOAL_SECONDS)) {
                    return;
                }
                throttle(round);
            }
        } finally {
            machine.throttle(0);
        }
    }

    private void throttle(int round) {
        int steps = Math.max(0, round - ROUNDS_BEFORE_THROTTLE);
        machine.throttle(Math.min(THROTTLE_PERCENT_MAX, steps * THROTTLE_STEP_PERCENT));
    }
}
