package org.xenolith.engine.soft;

import org.xenolith.engine.VcpuState;
import org.xenolith.x86.Bits;
import org.xenolith.x86.EventDelivery;
import org.xenolith.x86.Trap;

/// What interrupts one vCPU: interrupts and NMIs that wait until they can be taken, and exceptions.
/// Used by the vCPU's thread.
final class Events {
    private static final int NMI = 2;
    private static final int NONE = -1;

    /// DR7.GD, which entering the handler of #DB clears.
    private static final long GENERAL_DETECT = 1 << 13;

    private final SoftCpu cpu;
    private final Translator translator;
    private final Runnable onDelivery;

    private boolean windowWanted;
    private int pendingInterrupt = NONE;
    private boolean pendingNmi;

    /// @param onDelivery called before execution goes on with a handler of the guest
    Events(SoftCpu cpu, Translator translator, Runnable onDelivery) {
        this.cpu = cpu;
        this.translator = translator;
        this.onDelivery = onDelivery;
    }

    // ---------------------------------------------------------------- what waits

    void interrupt(int vector) {
        pendingInterrupt = vector;
    }

    void nonMaskableInterrupt() {
        pendingNmi = true;
    }

    /// Whether [#deliverNext] is to say when an interrupt can be taken.
    void requestWindow(boolean wanted) {
        windowWanted = wanted;
    }

    /// Whether [#deliverNext] has anything to do, as soon as it can be done.
    boolean areWaiting() {
        return pendingNmi || pendingInterrupt >= 0 || windowWanted;
    }

    /// Whether there is something that a halted vCPU goes on for.
    boolean canWake() {
        return pendingNmi && !cpu.nmiBlocked
                || pendingInterrupt >= 0 && interruptsEnabled()
                || cpu.pendingDebug != 0;
    }

    private boolean interruptsEnabled() {
        return (cpu.systemFlags() & Bits.IF) != 0;
    }

    /// Whether one more interrupt would be delivered at once.
    boolean canTakeInterrupt() {
        return interruptsEnabled()
                && !cpu.interruptShadow()
                && pendingInterrupt < 0
                && !cpu.answers.any();
    }

    VcpuState.Pending capture() {
        return new VcpuState.Pending(
                pendingInterrupt, pendingNmi, cpu.nmiBlocked, cpu.interruptShadow());
    }

    void restore(VcpuState.Pending pending) {
        pendingInterrupt = pending.interruptVector();
        pendingNmi = pending.nmi();
        windowWanted = false;
    }

    // ---------------------------------------------------------------- delivery

    /// Delivers what waits and can be delivered. True if nothing is left and the window that has
    /// been requested is open.
    boolean deliverNext() {
        if (cpu.interruptShadow()) {
            return false;
        }
        if (pendingNmi && !cpu.nmiBlocked) {
            pendingNmi = false;
            cpu.nmiBlocked = true;
            deliver(NMI, Trap.NO_ERROR_CODE, EventDelivery.EXTERNAL);
            return false;
        }
        // What came first (#DB, an NMI) may have cleared IF.
        if (pendingInterrupt >= 0 && interruptsEnabled()) {
            int vector = pendingInterrupt;
            pendingInterrupt = NONE;
            deliver(vector, Trap.NO_ERROR_CODE, EventDelivery.EXTERNAL);
            return false;
        }
        if (windowWanted && canTakeInterrupt()) {
            windowWanted = false;
            return true;
        }
        return false;
    }

    /// Delivers an exception.
    void raise(Trap simple) {
        boolean byMemory = simple.vector() == Trap.PAGE_FAULT || simple.isNonCanonical();
        var trap = byMemory ? translator.complete(simple) : simple;
        if (trap.vector() == Trap.PAGE_FAULT) {
            cpu.cr2 = trap.address();
        } else if (trap.vector() == Trap.DEBUG) {
            deliverDebug();
            return;
        }
        deliver(trap.vector(), trap.errorCode(), EventDelivery.EXCEPTION);
    }

    /// Delivers #DB for the conditions that have been met.
    void deliverDebug() {
        int conditions = cpu.pendingDebug;
        cpu.pendingDebug = 0;
        cpu.dr[6] = cpu.dr[6] & ~0xFL | conditions;
        cpu.dr[7] &= ~GENERAL_DETECT;
        deliver(Trap.DEBUG, Trap.NO_ERROR_CODE, EventDelivery.EXCEPTION);
    }

    /// Delivers an event; a fault on the way becomes another event (SDM vol. 3A, table 7-5).
    private void deliver(int vector, int errorCode, int kind) {
        onDelivery.run();
        try {
            EventDelivery.deliver(cpu, vector, errorCode, kind);
        } catch (Trap second) {
            deliverSecond(vector, second, kind);
        } catch (ExitRequest outside) {
            throw new TripleFault("an exception's stack or table is not in memory");
        }
    }

    private void deliverSecond(int vector, Trap second, int kind) {
        boolean isException = kind == EventDelivery.EXCEPTION;
        if (vector == Trap.DOUBLE_FAULT && isException) {
            throw new TripleFault(second.getMessage() + " on #DF");
        }
        if (second.vector() == Trap.PAGE_FAULT) {
            cpu.cr2 = second.address();
        }
        if (isException && DoubleFaults.makesDoubleFault(vector, second.vector())) {
            deliver(Trap.DOUBLE_FAULT, 0, EventDelivery.EXCEPTION);
        } else {
            deliver(second.vector(), second.errorCode(), EventDelivery.EXCEPTION);
        }
    }

    /// The processor stops for good.
    static final class TripleFault extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TripleFault(String why) {
            super("triple fault: " + why, null, false, false);
        }
    }
}
