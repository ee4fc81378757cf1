package org.xenolith.board;

import org.xenolith.engine.Vcpu;
import org.xenolith.engine.VcpuState;
import org.xenolith.platform.LocalApic;

/// One vCPU with what its driver knows about it: what it waits for, and what others have asked of
/// it. Requests may come from any thread; the rest is for the thread that runs the vCPU.
final class VcpuSlot {
    /// What a vCPU is doing, or why it is not.
    enum Phase {
        RUNNING,
        /// HLT: an interrupt that can be taken ends it.
        HALTED,
        /// SCHEDOP_block or poll: as HALTED, and a wake-up ends it too.
        BLOCKED,
        /// After power-on or INIT.
        WAIT_FOR_SIPI,
        /// VCPUOP_down, or not yet VCPUOP_up.
        DOWN,
        /// Triple fault, or its domain has shut down.
        STOPPED
    }

    private static final int NONE = -1;

    final Vcpu vcpu;
    final LocalApic apic;

    private volatile Phase phase;
    private volatile Affinity affinity = Affinity.ALL;
    private volatile long runNanos;
    private volatile long instructions;

    // Requests, guarded by this.
    private boolean initialise;
    private int startupVector = NONE;
    private VcpuState start;
    private boolean up;
    private boolean down;
    private boolean nonMaskable;
    private volatile boolean woken;

    /// It has been woken from its sleep: its turn comes early.
    private volatile boolean urgent;

    VcpuSlot(Vcpu vcpu, LocalApic apic) {
        this.vcpu = vcpu;
        this.apic = apic;
        this.phase = vcpu.id() == 0 ? Phase.RUNNING : Phase.WAIT_FOR_SIPI;
    }

    /// What a slot knows beside its vCPU, when everything that was asked of it has been done.
    /// Version 1, as part of [BoardState].
    record State(Phase phase, boolean woken, boolean urgent) {}

    /// While the vCPU does not run.
    State capture() {
        applyRequests();
        return new State(phase, woken, urgent);
    }

    void restore(State state) {
        phase = state.phase;
        woken = state.woken;
        urgent = state.urgent;
    }

    // ---------------------------------------------------------------- from any thread

    /// Whether it may have slept.
    boolean wake() {
        woken = true;
        var now = phase;
        boolean asleep = now == Phase.HALTED || now == Phase.BLOCKED;
        urgent |= asleep;
        return asleep;
    }

    synchronized void init() {
        initialise = true;
        up = false;
        down = false;
        startupVector = NONE;
    }

    /// Counts for a vCPU that waits for it, or that has been told to initialise itself; false for
    /// any other.
    synchronized boolean startup(int vector) {
        if (startupVector == NONE && (initialise || phase == Phase.WAIT_FOR_SIPI)) {
            startupVector = vector;
            return true;
        }
        return false;
    }

    synchronized void nonMaskableInterrupt() {
        nonMaskable = true;
    }

    synchronized void startAt(VcpuState state) {
        start = state;
    }

    synchronized void up() {
        up = true;
        down = false;
    }

    synchronized void down() {
        down = true;
        up = false;
    }

    VcpuInfo info() {
        var now = phase;
        return new VcpuInfo(
                vcpu.id(),
                now != Phase.WAIT_FOR_SIPI && now != Phase.DOWN,
                now == Phase.RUNNING,
                now == Phase.HALTED || now == Phase.BLOCKED,
                runNanos,
                instructions,
                affinity);
    }

    void pin(Affinity wanted) {
        affinity = wanted;
    }

    Affinity affinity() {
        return affinity;
    }

    // ---------------------------------------------------------------- on the vCPU's thread

    Phase phase() {
        return phase;
    }

    void enter(Phase next) {
        phase = next;
    }

    void addRunNanos(long nanos) {
        runNanos += nanos;
        instructions = vcpu.instructionsRetired();
    }

    /// Does what others have asked for since the last time.
    void applyRequests() {
        synchronized (this) {
            applyStarts();
            applyUpAndDown();
            if (nonMaskable && phase != Phase.WAIT_FOR_SIPI) {
                vcpu.nonMaskableInterrupt();
                if (phase == Phase.HALTED || phase == Phase.BLOCKED) {
                    phase = Phase.RUNNING;
                }
            }
            nonMaskable = false;
        }
    }

    private void applyStarts() {
        if (initialise) {
            initialise = false;
            vcpu.restore(vcpu.capture().afterInit());
            phase = Phase.WAIT_FOR_SIPI;
        }
        if (startupVector != NONE && phase == Phase.WAIT_FOR_SIPI) {
            vcpu.restore(vcpu.capture().afterStartup(startupVector));
            phase = Phase.RUNNING;
        }
        startupVector = NONE;
        if (start != null) {
            vcpu.restore(start);
            start = null;
            phase = Phase.DOWN;
        }
    }

    private void applyUpAndDown() {
        if (up && (phase == Phase.DOWN || phase == Phase.WAIT_FOR_SIPI)) {
            phase = Phase.RUNNING;
        }
        if (down && phase != Phase.STOPPED) {
            phase = Phase.DOWN;
        }
        up = false;
        down = false;
    }

    /// Whether there was a wake-up since the last call.
    boolean takeWoken() {
        boolean was = woken;
        woken = false;
        return was;
    }

    /// Whether it has been woken from its sleep since the last call.
    boolean takeUrgent() {
        boolean was = urgent;
        urgent = false;
        return was;
    }
}
