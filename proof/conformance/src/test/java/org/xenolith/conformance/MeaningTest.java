package org.xenolith.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.ir.Code;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.jit.HandlerFactory;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.util.function.Function;

/// Decoder, meanings and executors of units against the host. `./dev fuzz` runs it longer; see
/// [Hunt] for the properties that repeat or restrict a run.
@Tag("fuzz")
class MeaningTest {
    /// TF and AC.
    private static final long ENGINE_FLAGS = 1 << 8 | 1 << 18;

    private static HostExecutor host;

    @BeforeAll
    static void start() throws IOException {
        var reason = HostExecutor.unavailable();
        assumeTrue(reason.isEmpty(), () -> "no host executor: " + reason.orElseThrow());
        host = HostExecutor.start();
    }

    @AfterAll
    static void stop() throws IOException {
        if (host != null) {
            host.close();
        }
    }

    @Test
    void theReferenceEvaluatorAgreesWithTheHost() throws IOException {
        hunt("evaluator", Evaluator::new);
    }

    @Test
    void compiledHandlersAgreeWithTheHost() throws IOException {
        var factory = new HandlerFactory(MethodHandles.lookup(), 0);
        hunt("handlers", unit -> factory.handler(Passes.optimise(unit)));
    }

    @Test
    void sequencesOfInstructionsAgreeWithTheHost() throws IOException {
        long seed = Hunt.seed();
        var subject = new MeaningExecutor(Evaluator::new, false);
        hunt("sequences", seed, subject, new SequenceGenerator(host.features(), seed));
    }

    @Test
    void optimisedBlocksOfInstructionsAgreeWithTheHost() throws IOException {
        long seed = Hunt.seed();
        var subject = new MeaningExecutor(unit -> new Evaluator(Passes.optimise(unit)), true);
        hunt("optimised blocks", seed, subject, new SequenceGenerator(host.features(), seed));
    }

    private static void hunt(String tier, Function<Unit, Code> maker) throws IOException {
        long seed = Hunt.seed();
        var generator = new CaseGenerator(host.features(), seed, Hunt.forms());
        hunt(tier, seed, new MeaningExecutor(maker, false), generator);
    }

    private static void hunt(String tier, long seed, CaseExecutor subject, CaseSource source)
            throws IOException {
        var hunt = new Hunt(host, subject, source, MeaningTest::isForOneInstruction);
        var report = hunt.run();
        System.out.printf("%s, seed %d: %s%n", tier, seed, report);
        assertThat(report.byForm()).as("seed %d", seed).isEmpty();
    }

    /// Single steps, interrupts and alignment checks are an engine's affair.
    private static boolean isForOneInstruction(CpuCase test) {
        return (test.rflags() & ENGINE_FLAGS) == 0 && !test.form().startsWith("INT");
    }
}
