package org.xenolith.engine.soft;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Engine;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.jit.HandlerFactory;
import org.xenolith.memory.GuestMemory;

import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/// The software engine of one machine. Its vCPUs share translated code; each may run on a thread of
/// its own.
public final class SoftEngine implements Engine {
    /// The frequency of the guest's TSC in kHz.
    public static final long TSC_KHZ = SoftCpu.TSC_KHZ;

    /// How translated instructions are executed.
    public enum Tier {
        /// Op by op, by the reference.
        EVALUATOR,
        /// By handlers generated from the ops.
        HANDLERS,
        /// The same, and regions of hot code compiled.
        COMPILER
    }

    /// What regions are compiled to.
    public enum Backend {
        /// Bytecode, that the JVM compiles when it finds it hot.
        BYTECODE,
        /// Machine code, at once; nothing checks its accesses to memory. Bytecode where the host is
        /// not one for it.
        MACHINE_CODE,
        /// Machine code for what is warm, bytecode in its place for what is hot; nothing checks
        /// accesses of either.
        BOTH
    }

    /// How an engine works. `patience` is how often instructions of one shape are evaluated before
    /// they get a handler, `compileAfter` how often a block is executed before a region is compiled
    /// in the background (0: at once, before the first execution; -1: as fits the backend);
    /// `verify` checks the laws of the ops of every instruction translated.
    public record Options(
            Tier tier, int patience, int compileAfter, boolean verify, Backend backend) {
        public static final Options DEFAULT = of(Tier.COMPILER);

        /// Leaves it to the backend after how many executions a block is compiled.
        private static final int AS_FITS = -1;

        public Options {
            if (patience < 0 || compileAfter < AS_FITS) {
                throw new IllegalArgumentException("patience is not negative");
            }
        }

        public Options(Tier tier, int patience, int compileAfter, boolean verify) {
            this(tier, patience, compileAfter, verify, Backend.BYTECODE);
        }

        public Options(Tier tier, int patience, boolean verify) {
            this(tier, patience, AS_FITS, verify);
        }

        /// The usual options of a tier.
        public static Options of(Tier tier) {
            return new Options(tier, HandlerFactory.PATIENCE, AS_FITS, false);
        }

        /// The fastest for a process that holds one domain: nothing but our own translation keeps
        /// an access of the guest's within its memory.
        public static Options unchecked() {
            return new Options(
                    Tier.COMPILER, HandlerFactory.PATIENCE, AS_FITS, false, Backend.BOTH);
        }
    }

    private final GuestMemory memory;
    private final Clock clock;
    private final Entropy entropy;
    private final Options options;
    private final List<SoftVcpu> vcpus = new CopyOnWriteArrayList<>();
    private final CodeCache code;
    private final HandlerFactory handlers;
    private final Regions regions;
    private final Standstill standstill = new Standstill();
    private final AtomicLong commonTscOffset;

    public SoftEngine(GuestMemory memory, Clock clock, Entropy entropy, Options options) {
        this(memory, clock, entropy, options, Optional.empty());
    }

    /// @param codeStore a file of machine code from earlier runs, used and filled where there is
    ///   machine code; the engine does without where it cannot be opened
    public SoftEngine(
            GuestMemory memory,
            Clock clock,
            Entropy entropy,
            Options options,
            Optional<Path> codeStore) {
        this(memory, clock, entropy, options, codeStore, Regions.MACHINE_CODE_BYTES);
    }

    /// With room for so many bytes of machine code, a multiple of the page size.
    SoftEngine(
            GuestMemory memory,
            Clock clock,
            Entropy entropy,
            Options options,
            Optional<Path> codeStore,
            int machineCodeBytes) {
        this.memory = memory;
        this.clock = clock;
        this.entropy = entropy;
        this.options = options;
        this.commonTscOffset = new AtomicLong(-clock.nanos());
        this.code = new CodeCache(memory, this::codeRewritten, this::regionGone);
        this.regions =
                new Regions(
                        memory,
                        code,
                        options.backend(),
                        clock.isHosts(),
                        codeStore,
                        machineCodeBytes,
                        vcpus::size,
                        () -> vcpus.forEach(SoftVcpu::codeChanged));
        this.handlers = new HandlerFactory(MethodHandles.lookup(), options.patience());
        memory.onChange(() -> standstill.alone(null, () -> vcpus.forEach(SoftVcpu::memoryChanged)));
        memory.onEpoch(() -> standstill.alone(null, () -> vcpus.forEach(SoftVcpu::clearWrites)));
    }

    @Override
    public String name() {
        return "soft";
    }

    @Override
    public SoftVcpu createVcpu(int id, CpuidTable cpuid) {
        return createVcpu(id, cpuid, Translator.BLOCK_MAX);
    }

    /// A vCPU that may stop behind every `blockMax` instructions.
    SoftVcpu createVcpu(int id, CpuidTable cpuid, int blockMax) {
        var self = new AtomicReference<SoftVcpu>();
        var cpu =
                new ApartCpu(
                        memory,
                        regions.base(),
                        code,
                        clock,
                        entropy,
                        commonTscOffset,
                        action -> self.get().alone(action));
        Translator.CodeMaker maker =
                switch (options.tier()) {
                    case EVALUATOR -> unit -> new Evaluator(Passes.optimise(Passes.portable(unit)));
                    case HANDLERS, COMPILER -> unit -> handlers.handler(Passes.optimise(unit));
                };
        Predicate<Unit> compilable =
                options.tier() == Tier.COMPILER ? regions::canDo : unit -> true;
        var translator = new Translator(cpu, maker, compilable, options.verify(), blockMax);
        int compileAfter =
                options.compileAfter() < 0 ? regions.compileAfter() : options.compileAfter();
        var heat = new Heat(options.tier() == Tier.COMPILER, compileAfter, regions, cpu);
        var vcpu =
                new SoftVcpu(
                        id, cpuid, cpu, code, translator, heat, regions, standstill, this::watch);
        self.set(vcpu);
        vcpus.add(vcpu);
        if (vcpus.size() >= 2) {
            standstill.alone(null, regions::endLinks);
        }
        return vcpu;
    }

    /// From now on no vCPU writes to a frame unnoticed. By a vCPU that is alone.
    private void watch(int frame) {
        code.watch(frame);
        vcpus.forEach(SoftVcpu::clearWrites);
    }

    /// How many ways out of regions jump straight to another now.
    int directLinks() {
        return regions.directLinks();
    }

    /// How many regions have been compiled since the engine was made.
    public int compiledRegions() {
        return regions.compiled();
    }

    /// How many regions of earlier runs have been put into use.
    int revivedRegions() {
        return regions.revived();
    }

    /// How many regions have been put into use at one more address.
    int regionsFoundAgain() {
        return regions.foundAgain();
    }

    int regionsInUse() {
        return code.regionCount();
    }

    private void codeRewritten(int frame) {
        regions.rewritten(frame);
    }

    private void regionGone(long pc) {
        vcpus.forEach(vcpu -> vcpu.regionGone(pc));
    }

    @Override
    public void close() {
        regions.close();
        code.clear();
    }
}
