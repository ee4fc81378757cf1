package org.xenolith.engine.soft;

import org.xenolith.engine.Exit;
import org.xenolith.x86.Trap;

/// The answers that one instruction has got from outside so far. It is executed again from its
/// beginning after each; accesses that have been answered take their answer, in order, and the
/// first that has none leaves again. Forgotten when the instruction is complete.
final class Answers {
    /// Accesses of one instruction that go outside; the most that any makes between two points of
    /// progress, with room to spare.
    private static final int MAX = 64;

    private final long[] values = new long[MAX];
    private final boolean[] faults = new boolean[MAX];
    private int given;
    private int taken;

    /// Whether an instruction has been left unfinished.
    boolean any() {
        return given > 0;
    }

    void add(long value) {
        values[given++] = value;
    }

    void addFault() {
        faults[given] = true;
        values[given++] = 0;
    }

    /// The last answer has not been given after all.
    void dropLast() {
        faults[--given] = false;
    }

    /// The instruction begins (again).
    void rewind() {
        taken = 0;
    }

    /// All accesses so far are done with for good.
    void forget() {
        for (int index = 0; index < given; index++) {
            faults[index] = false;
        }
        given = 0;
        taken = 0;
    }

    /// The answer to the next access, or leaves to get it.
    long take(Exit question) {
        if (taken < given) {
            int index = taken++;
            if (faults[index]) {
                throw Trap.generalProtection(0);
            }
            return values[index];
        }
        if (given == MAX) {
            throw Trap.of(Trap.MACHINE_CHECK);
        }
        throw new ExitRequest(question);
    }
}
