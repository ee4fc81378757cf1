package org.xenolith.engine.soft;

import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Engine;
import org.xenolith.ir.Evaluator;
import org.xenolith.jit.HandlerFactory;
import org.xenolith.memory.GuestMemory;

/// The software engine of one machine. Its vCPUs share translated code, so they are run one at a
/// time.
public final class SoftEngine implements Engine {
    /// The frequency of the guest's TSC in kHz.
    public static final long TSC_KHZ = SoftCpu.TSC_KHZ;

    /// How translated instructions are executed.
    public enum Tier {
        /// Op by op, by the reference.
        EVALUATOR,
        /// By handlers generated from the ops.
        HANDLERS
    }

    /// How an engine works. `patience` is how often instructions of one shape are evaluated before
    /// they get a handler; `verify` checks the laws of the ops of every instruction translated.
    public record Options(Tier tier, int patience, boolean verify) {
        public static final Options DEFAULT =
                new Options(Tier.HANDLERS, HandlerFactory.PATIENCE, false);
    }

    private final GuestMemory memory;
    private final Clock clock;
    private final Entropy entropy;
    private final Options options;
    private final CodeCache code;
    private final HandlerFactory handlers;
    private final List<SoftVcpu> vcpus = new CopyOnWriteArrayList<>();

    public SoftEngine(GuestMemory memory, Clock clock, Entropy entropy, Options options) {
        this.memory = memory;
        this.clock = clock;
        this.entropy = entropy;
        this.options = options;
        this.code = new CodeCache(memory, () -> vcpus.forEach(SoftVcpu::codeWritten));
        this.handlers = new HandlerFactory(MethodHandles.lookup(), options.patience());
        memory.onChange(() -> vcpus.forEach(SoftVcpu::memoryChanged));
    }

    @Override
    public String name() {
        return "soft";
    }

    @Override
    public SoftVcpu createVcpu(int id, CpuidTable cpuid) {
        var cpu = new SoftCpu(memory, code, clock, entropy);
        Translator.CodeMaker maker =
                switch (options.tier()) {
                    case EVALUATOR -> Evaluator::new;
                    case HANDLERS -> handlers::handler;
                };
        var translator = new Translator(cpu, maker, options.verify());
        var vcpu = new SoftVcpu(id, cpuid, cpu, code, translator, this::frameWatched);
        vcpus.add(vcpu);
        return vcpu;
    }

    /// Code has been translated from a frame that nobody watched: no vCPU may go on writing to it
    /// unnoticed.
    private void frameWatched() {
        vcpus.forEach(SoftVcpu::clearWrites);
    }

    @Override
    public void close() {
        code.clear();
    }
}
