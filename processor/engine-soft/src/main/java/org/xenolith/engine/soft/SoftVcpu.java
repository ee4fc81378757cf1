package org.xenolith.engine.soft;

import org.xenolith.base.Bug;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Exit;
import org.xenolith.engine.Vcpu;
import org.xenolith.engine.VcpuState;
import org.xenolith.ir.Abort;
import org.xenolith.x86.Bits;
import org.xenolith.x86.Mode;
import org.xenolith.x86.Registers;
import org.xenolith.x86.Segments;
import org.xenolith.x86.StateTransfer;
import org.xenolith.x86.Trap;

import java.util.function.IntConsumer;

/// The run loop of one software vCPU. **Hot path** ([#run] and what it calls for each block).
public final class SoftVcpu extends Apart implements Vcpu {
    /// Instructions that a compiled region executes between looks at the vCPU's attention at most:
    /// some tens of microseconds.
    private static final int REGION_BUDGET = 65_536;

    /// Instructions that a region executes in the time of one turn of the loop, about.
    private static final int STEP_COST = 100;

    private static final int RESUMED_BLOCKS = 64;

    /// DR6.BS: a single step.
    private static final int SINGLE_STEP = 1 << 14;

    private final int id;
    private final SoftCpu cpu;
    private final CodeCache code;
    private final Translator translator;
    private final Heat heat;
    private final Standstill standstill;
    private final Standstill.Member member;
    private final BlockFinder finder;
    private final Chains chains;
    private final Events events;

    // Others ask for the vCPU's attention; the details are behind it.
    private volatile boolean attention;
    private volatile boolean kicked;
    private volatile boolean memoryChanged;

    private boolean awaitingAnswer;

    /// What an answer is awaited for behind its instruction; null if the instruction is to be
    /// executed again with it.
    private Exit completed;

    /// Where that instruction begins.
    private long completedPc;

    /// RF, if it was set there.
    private int completedResume;

    private VcpuState.Activity activity;
    private String shutdownReason = "";
    private long retired;

    /// Blocks that have been executed to their end other than by regions.
    private long blocksExecuted;

    /// The block just executed to its end, if nothing has come between.
    private Block previous;

    /// How many more blocks do not count as hot, nor go on in warm code: a hot region was left in
    /// its middle because its budget was used up, and will be found again.
    private int resumed;

    /// Roughly how many instructions regions could have executed since the last sample was taken.
    private int cost;

    /// What is being counted, in which time blocks are executed one by one; or null.
    private Profile profile;

    /// The value of [#retired] at which the run ends. Comes nearer with every step that retires
    /// nothing, so that a guest which only ever faults does not run for ever.
    private long runEnd;

    SoftVcpu(
            int id,
            CpuidTable cpuid,
            SoftCpu cpu,
            CodeCache code,
            Translator translator,
            Heat heat,
            Regions regions,
            Standstill standstill,
            IntConsumer watch) {
        this.id = id;
        this.cpu = cpu;
        this.code = code;
        this.translator = translator;
        this.heat = heat;
        this.standstill = standstill;
        this.member = standstill.join(() -> attention = true);
        this.finder = new BlockFinder(cpu, code, translator, regions, watch);
        this.chains = new Chains(cpu, regions::serveOneVcpu);
        this.events = new Events(cpu, translator, () -> previous = null);
        cpu.cpuid = cpuid;
        restore(VcpuState.powerOn(id));
    }

    @Override
    public int id() {
        return id;
    }

    // ---------------------------------------------------------------- the loop

    @Override
    public Exit run(long instructionsMax) {
        Bug.check(!awaitingAnswer, "an exit that awaits an answer has got it");
        if (activity == VcpuState.Activity.SHUTDOWN) {
            return new Exit.Shutdown(shutdownReason);
        }
        if (activity == VcpuState.Activity.HALTED && !events.canWake()) {
            return new Exit.Halted();
        }
        activity = VcpuState.Activity.RUNNING;
        runEnd = retired + instructionsMax;
        standstill.enter(member);
        try {
            catchUpWithMemory();
            Exit exit = cpu.answers.any() ? finishInstruction() : null;
            while (exit == null) {
                exit = step();
            }
            return exit;
        } catch (Events.TripleFault fault) {
            return stop(fault);
        } finally {
            standstill.leave(member);
        }
    }

    private Exit stop(Events.TripleFault fault) {
        activity = VcpuState.Activity.SHUTDOWN;
        shutdownReason = fault.getMessage();
        cpu.answers.forget();
        return new Exit.Shutdown(shutdownReason);
    }

    /// Events, then one block. Returns an exit, or null to go on.
    private Exit step() {
        if (attention) {
            attention = false;
            standstill.pass(member);
            catchUpWithMemory();
            heat.catchUp();
            if (kicked) {
                kicked = false;
                return new Exit.Preempted();
            }
        }
        if (retired >= runEnd) {
            return new Exit.Preempted();
        }
        if (cpu.pendingDebug != 0 && !cpu.debugShadow) {
            events.deliverDebug();
        }
        boolean waiting = events.areWaiting();
        cpu.registers[Registers.EVENTS] = waiting ? 1 : 0;
        if (waiting && events.deliverNext()) {
            return new Exit.InterruptWindow();
        }
        boolean shadow = waiting && cpu.interruptShadow() || cpu.debugShadow;
        cpu.setInterruptShadow(false);
        cpu.debugShadow = false;
        // What a shadow covers is one instruction, so no region where something waits for its end.
        return execute(cpu.mode, shadow ? 0 : (int) Math.min(runEnd - retired, REGION_BUDGET));
    }

    /// Executes a block, or the region that begins there if `budget` is not 0.
    private Exit execute(int key, int budget) {
        Block block;
        try {
            block = finder.block(key);
        } catch (Trap trap) {
            runEnd--;
            events.raise(trap);
            return null;
        }
        if (isStepping(key)) {
            return executeStepping(block);
        }
        if (block.runs() == 0 && block.region == null) {
            heat.before(block);
        }
        if (previous != null) {
            previous.led(block);
            previous = null;
        }
        cost += STEP_COST;
        if (cost >= REGION_BUDGET) {
            cost = 0;
            heat.sample(block).ifPresent(wanted -> profile = wanted);
        }
        if (profile != null) {
            count(block);
            return executeBlock(block);
        }
        var region = block.region;
        if (region != null
                && budget > 0
                && (resumed == 0 || !region.isWarm())
                && region.isInPlace(cpu, id)
                && executeRegion(region, budget)) {
            return null;
        }
        return executeBlock(block);
    }

    private void count(Block block) {
        if (profile.isCompleteWith(block)) {
            heat.profiled(profile);
            profile = null;
        }
    }

    /// Answers whether at least one instruction has been executed.
    private boolean executeRegion(LiveRegion region, int budget) {
        boolean isMachineCode = region.machineCode != null;
        if (isMachineCode) {
            chains.enter(region, region.machineCode);
        }
        int left = region.code.run(cpu, cpu.readTags(), cpu.writeTags(), cpu.distances(), budget);
        int executed = budget - left;
        cpu.catchUpWithCode();
        retired += executed;
        cost += isMachineCode ? executed : 0;
        resumed = left <= 0 && !isMachineCode ? RESUMED_BLOCKS : 0;
        if (region.ran(executed) && region.isUseless()) {
            region.entry.failures += region.isWarm() ? 1 : 0;
            region.entry.unfitForHot |= !region.isWarm();
            region.entry.cool();
            code.remove(region);
        }
        return executed > 0;
    }

    private static boolean isStepping(int key) {
        return (key & Mode.STEPPING) != 0;
    }

    private Exit executeBlock(Block block) {
        if (!block.isComplete() && !complete(block)) {
            return null;
        }
        var codes = block.codes;
        int index = 0;
        try {
            for (; index < codes.length; index++) {
                codes[index].execute(cpu);
            }
        } catch (Abort abort) {
            cpu.pc = block.pc + block.starts[index];
            retired += index;
            runEnd--;
            return aborted(abort);
        }
        retired += block.instructions;
        blocksExecuted++;
        previous = block;
        if (block.ran()) {
            code.settle(block);
        }
        if (block.isComputed()) {
            block.saw(cpu.pc);
        }
        if (resumed > 0) {
            resumed--;
        } else {
            heat.after(block);
        }
        return takeExitAfter(block);
    }

    /// The exit that the last instruction of a block has left behind, or null.
    private Exit takeExitAfter(Block block) {
        var exit = cpu.exitAfter;
        if (exit == null) {
            return null;
        }
        cpu.exitAfter = null;
        if (exit instanceof Exit.Halted) {
            activity = VcpuState.Activity.HALTED;
        } else if (exit.awaitsAnswer()) {
            awaitingAnswer = true;
            completed = exit;
            completedPc = block.pc + block.starts[block.starts.length - 1];
            completedResume = 0;
        }
        return exit;
    }

    /// False if the block is no more, or cannot be fetched.
    private boolean complete(Block block) {
        try {
            return finder.complete(block);
        } catch (Trap trap) {
            runEnd--;
            events.raise(trap);
            return false;
        }
    }

    private Exit aborted(Abort abort) {
        if (abort instanceof Trap trap) {
            cpu.answers.forget();
            if (trap.vector() != Trap.DEBUG) {
                cpu.pendingDebug = 0; // breakpoints hit by what has not happened
            }
            events.raise(trap);
            return null;
        }
        if (abort instanceof ExitRequest request) {
            awaitingAnswer = request.exit().awaitsAnswer();
            if (!awaitingAnswer) {
                cpu.answers.add(0);
            }
            return request.exit();
        }
        return null; // restart, or a stale block
    }

    /// Executes the one instruction that has been waiting for answers from outside.
    private Exit finishInstruction() {
        cpu.answers.rewind();
        var exit = execute(cpu.mode | Translator.SINGLE, 0);
        if (exit == null || !(exit.awaitsAnswer() || isReplayed(exit))) {
            cpu.answers.forget();
        }
        return exit;
    }

    private static boolean isReplayed(Exit exit) {
        return exit instanceof Exit.PortWrite || exit instanceof Exit.MmioWrite;
    }

    /// Does something while no other vCPU executes code. See [Standstill#alone].
    void alone(Runnable action) {
        standstill.alone(
                member,
                () -> {
                    catchUpWithMemory();
                    action.run();
                });
    }

    // ---------------------------------------------------------------- stepping

    /// One instruction, with the traps before and after it (SDM vol. 3B, 18.3).
    private Exit executeStepping(Block block) {
        boolean step = (cpu.systemFlags() & Bits.TF) != 0;
        if ((cpu.systemFlags() & Bits.RF) == 0) {
            int hit = DebugRegisters.instructionBreakpoints(cpu, linearPc());
            if (hit != 0) {
                cpu.pendingDebug |= hit;
                events.deliverDebug();
                return null;
            }
        }
        // RF holds for one instruction; one that is not completed leaves it (faults push it set).
        int resume = cpu.systemFlags() & Bits.RF;
        cpu.setSystemFlags(cpu.systemFlags() & ~Bits.RF);
        long before = retired;
        cpu.interruptedItself = false;
        var exit = executeBlock(block);
        completedResume = resume;
        if (retired == before) {
            cpu.setSystemFlags(cpu.systemFlags() | resume);
        } else if (step && !cpu.interruptedItself && !cpu.debugShadow) {
            cpu.pendingDebug |= SINGLE_STEP;
        }
        return exit;
    }

    private long linearPc() {
        return cpu.is64() ? cpu.pc : cpu.base(Segments.CS) + cpu.pc & 0xFFFF_FFFFL;
    }

    // ---------------------------------------------------------------- the contract

    @Override
    public void complete(long value) {
        Bug.check(awaitingAnswer, "an answer belongs to an exit");
        awaitingAnswer = false;
        if (completed == null) {
            cpu.answers.add(value);
            return;
        }
        if (completed instanceof Exit.Hypercall) {
            cpu.registers[Registers.RAX] = value;
        }
        completed = null;
    }

    @Override
    public void completeWithFault() {
        Bug.check(awaitingAnswer, "an answer belongs to an exit");
        awaitingAnswer = false;
        if (completed != null) {
            completed = null;
            cpu.pc = completedPc;
            cpu.setSystemFlags(cpu.systemFlags() | completedResume);
        }
        cpu.answers.addFault();
    }

    @Override
    public void kick() {
        kicked = true;
        attention = true;
    }

    /// The map of guest memory has changed.
    void memoryChanged() {
        memoryChanged = true;
        attention = true;
    }

    /// Regions have been compiled.
    void codeChanged() {
        attention = true;
    }

    /// The next write to any page is noticed. While no vCPU executes code.
    void clearWrites() {
        cpu.clearWrites();
    }

    long blocksExecuted() {
        return blocksExecuted;
    }

    /// A region that began at this address is no more in use. On any thread.
    void regionGone(long pc) {
        chains.forget(pc);
    }

    private void catchUpWithMemory() {
        if (memoryChanged) {
            memoryChanged = false;
            cpu.flushTlb(true);
        }
    }

    @Override
    public boolean canTakeInterrupt() {
        return events.canTakeInterrupt()
                && activity != VcpuState.Activity.WAIT_FOR_SIPI
                && activity != VcpuState.Activity.SHUTDOWN;
    }

    @Override
    public void interrupt(int vector) {
        Bug.check(canTakeInterrupt(), "an interrupt comes when it can be taken");
        events.interrupt(vector);
    }

    @Override
    public void requestInterruptWindow(boolean wanted) {
        events.requestWindow(wanted);
    }

    @Override
    public void nonMaskableInterrupt() {
        events.nonMaskableInterrupt();
    }

    @Override
    public void setTaskPriority(int cr8) {
        cpu.cr8 = cr8 & 15;
    }

    @Override
    public long timeStampCounter() {
        return cpu.timeStampCounter();
    }

    @Override
    public long instructionsRetired() {
        return retired;
    }

    @Override
    public boolean is64Bit() {
        return cpu.is64();
    }

    @Override
    public long translate(long linear) {
        return cpu.walk().peek(linear);
    }

    @Override
    public VcpuState capture() {
        Bug.check(!awaitingAnswer, "a vCPU is captured between instructions");
        if (cpu.answers.any()) {
            standstill.enter(member);
            try {
                catchUpWithMemory();
                takeBack(finishInstruction());
            } catch (Events.TripleFault fault) {
                stop(fault);
            } finally {
                standstill.leave(member);
            }
        }
        return StateTransfer.capture(cpu, events.capture(), activity);
    }

    /// An instruction that wants more from outside (`exit`, or null) than it has been given is
    /// asked again when it is executed again; the state is that before it.
    private void takeBack(Exit exit) {
        if (exit == null) {
            return;
        }
        if (awaitingAnswer) {
            awaitingAnswer = false;
        } else {
            cpu.answers.dropLast();
        }
    }

    @Override
    public void restore(VcpuState state) {
        StateTransfer.restore(cpu, state);
        cpu.joinTimeStampCounters();
        events.restore(state.pending());
        activity = state.activity();
        awaitingAnswer = false;
        completed = null;
        cpu.answers.forget();
        cpu.exitAfter = null;
        cpu.pendingDebug = 0;
        cpu.flushTlb(true);
    }

    @Override
    public void close() {}
}
