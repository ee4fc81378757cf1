package org.xenolith.engine.soft;

import org.xenolith.ir.Abort;
import org.xenolith.ir.Code;
import org.xenolith.ir.Context;
import org.xenolith.jit.HandlerFactory;

import java.util.ArrayList;
import java.util.Arrays;

/// Translated code: instructions that follow each other in memory up to one that ends a block.
/// `codes[i]` executes the unit that begins at `pc + starts[i]`. **Hot path.**
///
/// When the memory behind it changes, its codes are replaced by one that leaves at once, so that
/// even the vCPU that has changed it from its middle does not execute a stale instruction. Any
/// number of vCPUs may execute it; it is changed by one at a time, under the lock of its
/// [CodeCache].
final class Block {
    /// Executions between looks at what codes have become, and until the last look.
    private static final int SETTLE_INTERVAL = 128;

    private static final int SETTLED = 4 * SETTLE_INTERVAL;

    /// Executions that are counted, after which it is hot or never will be. Two vCPUs that went on
    /// counting in one place would wait for each other's caches at every block.
    private static final int COUNTED_MAX = 1 << 13;

    private static final long[] NOWHERE = {};
    private static final Block[] NO_BLOCKS = {};

    /// Places that a computed jump is remembered for.
    private static final int SEEN_MAX = 16;

    /// Thrown by a block that is no more.
    static final Abort STALE = new Stale();

    private static final Code LEAVE =
            new Code() {
                @Override
                public void execute(Context context) {
                    throw STALE;
                }
            };

    /// The offset of its first byte in the code segment.
    final long pc;

    /// The mode that it has been translated for, with the translator's own bits.
    final int mode;

    /// Bytes of the memory segment that it has been made from: from `host` up to `hostEnd` of
    /// `secondFrame`'s page, or of the same page if that is -1.
    final long host;

    final int length;
    final int secondFrame;

    /// Null until [#complete]: a block with a region from a [CodeStore] may never need them. The
    /// fields behind it count once it is there.
    volatile Code[] codes;

    short[] starts;

    /// How many guest instructions it has.
    int instructions;

    /// Where the last instruction jumps to, if the code says so.
    private long[] direct = NOWHERE;

    boolean valid = true;

    /// Behind it in its chain of the [BlockTable].
    Block next;

    /// Where a computed jump at the end has been seen to go.
    private long[] seen = NOWHERE;

    private int seenCount;

    private volatile Block[] followers = NO_BLOCKS;

    /// How often a warm region here has turned out to be of no use.
    int failures;

    /// A hot region here would be, or has turned out to be, of no use.
    boolean unfitForHot;

    /// How often a sample was this block.
    int samples;

    /// What is to be executed instead, if there is something.
    LiveRegion region;

    /// Some executions by several vCPUs at a time may be lost.
    private int runs;

    private int coldRuns;

    Block(long pc, int mode, long host, int length, int secondFrame) {
        this.pc = pc;
        this.mode = mode;
        this.host = host;
        this.length = length;
        this.secondFrame = secondFrame;
    }

    /// The block can be executed from now on, other than by a region.
    void complete(Code[] codes, short[] starts, int instructions, long[] direct) {
        this.starts = starts;
        this.instructions = instructions;
        this.direct = direct;
        this.codes = codes;
    }

    boolean isComplete() {
        return codes != null;
    }

    int firstFrame() {
        return (int) (host >>> 12);
    }

    /// Counts an execution. Answers whether it is time to [#settle].
    boolean ran() {
        return runs < COUNTED_MAX && (++runs & SETTLE_INTERVAL - 1) == 0 && runs <= SETTLED;
    }

    /// Puts in what codes have become, if that is something shorter.
    void settle() {
        var settled = codes;
        for (int index = 0; index < settled.length; index++) {
            settled[index] = HandlerFactory.settled(settled[index]);
        }
    }

    /// Whether it ends in a computed jump.
    boolean isComputed() {
        return direct.length == 0;
    }

    /// Remembers where a computed jump has gone, the latest at the end.
    void saw(long target) {
        var known = seen;
        int count = Math.min(seenCount, known.length);
        for (int index = 0; index < count; index++) {
            if (known[index] == target) {
                return;
            }
        }
        if (count < SEEN_MAX) {
            add(target);
        }
    }

    private synchronized void add(long target) {
        if (seenCount < SEEN_MAX) {
            if (seenCount == seen.length) {
                seen = Arrays.copyOf(seen, Math.max(2, 2 * seenCount));
            }
            seen[seenCount++] = target;
        }
    }

    synchronized long[] seenTargets() {
        return Arrays.copyOf(seen, seenCount);
    }

    /// Execution has gone on with another block. Remembered if this block leads there by itself,
    /// not by an event between the two.
    void led(Block next) {
        var known = followers;
        for (var follower : known) {
            if (follower == next) {
                return;
            }
        }
        if (valid && leadsTo(next.pc) && (known.length < SEEN_MAX || hasInvalid(known))) {
            addFollower(next);
        }
    }

    private static boolean hasInvalid(Block[] blocks) {
        for (var block : blocks) {
            if (!block.valid) {
                return true;
            }
        }
        return false;
    }

    private boolean leadsTo(long target) {
        for (long place : direct) {
            if (place == target) {
                return true;
            }
        }
        return isComputed();
    }

    private synchronized void addFollower(Block next) {
        var more = new ArrayList<Block>();
        for (var follower : followers) {
            if (follower.valid) {
                more.add(follower);
            }
        }
        more.add(next);
        followers = more.toArray(NO_BLOCKS);
    }

    /// The blocks that it has led to.
    Block[] followers() {
        return followers;
    }

    /// Where execution may go on behind it, as far as is known.
    long[] targets() {
        return isComputed() ? seenTargets() : direct;
    }

    /// How often it has been executed since it was made or became cool.
    int runs() {
        return runs;
    }

    /// Begins to count its executions anew.
    void cool() {
        coldRuns += runs;
        runs = 0;
    }

    /// How often it has been executed by handlers since it was made.
    int weight() {
        return coldRuns + runs;
    }

    /// Whether it has the best region that there can be.
    boolean isBest() {
        var present = region; // others may take it out of use
        return present != null && !present.isWarm();
    }

    /// Leads nowhere from now on: who still knows it keeps no others.
    void invalidate() {
        valid = false;
        followers = NO_BLOCKS;
        if (isComplete()) {
            Arrays.fill(codes, LEAVE);
        }
    }

    private static final class Stale extends Abort {
        private static final long serialVersionUID = 1L;

        Stale() {
            super("stale");
        }
    }
}
