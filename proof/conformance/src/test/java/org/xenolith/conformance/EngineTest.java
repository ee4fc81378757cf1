package org.xenolith.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.soft.SoftEngine;
import org.xenolith.engine.soft.SoftEngine.Backend;
import org.xenolith.engine.soft.SoftEngine.Options;
import org.xenolith.engine.soft.SoftEngine.Tier;

import java.io.IOException;

/// The software engine against the host, with paging, exceptions through gates, and single steps.
/// See [MeaningTest].
@Tag("fuzz")
class EngineTest {
    private static final Options MACHINE_CODE =
            new Options(Tier.COMPILER, 0, 0, false, Backend.MACHINE_CODE);

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
    void theEvaluatorTierAgreesWithTheHost() throws IOException {
        hunt(new Options(Tier.EVALUATOR, 0, true));
    }

    @Test
    void theHandlerTierAgreesWithTheHost() throws IOException {
        hunt(new Options(Tier.HANDLERS, 2, false));
    }

    @Test
    void sequencesOnTheHandlerTierAgreeWithTheHost() throws IOException {
        long seed = Hunt.seed();
        hunt(
                new Options(Tier.HANDLERS, 2, false),
                seed,
                new SequenceGenerator(host.features(), seed));
    }

    @Test
    void loopsOnTheHandlerTierAgreeWithTheHost() throws IOException {
        long seed = Hunt.seed();
        hunt(new Options(Tier.HANDLERS, 2, false), seed, new LoopGenerator(seed));
    }

    @Test
    void loopsOnTheCompilerTierAgreeWithTheHost() throws IOException {
        long seed = Hunt.seed();
        hunt(new Options(Tier.COMPILER, 0, 0, false), seed, new LoopGenerator(seed));
    }

    @Test
    void theCompilerTierAgreesWithTheHost() throws IOException {
        hunt(new Options(Tier.COMPILER, 0, 0, false));
    }

    @Test
    void loopsAsMachineCodeAgreeWithTheHost() throws IOException {
        long seed = Hunt.seed();
        hunt(MACHINE_CODE, seed, new LoopGenerator(seed));
    }

    @Test
    void machineCodeAgreesWithTheHost() throws IOException {
        hunt(MACHINE_CODE);
    }

    @Test
    void loopsOnVectorsAsMachineCodeAgreeWithTheHost() throws IOException {
        long seed = Hunt.seed();
        hunt(MACHINE_CODE, seed, new VectorLoopGenerator(host.features(), seed));
    }

    private static void hunt(Options options) throws IOException {
        long seed = Hunt.seed();
        hunt(options, seed, new CaseGenerator(host.features(), seed, Hunt.forms()));
    }

    private static void hunt(Options options, long seed, CaseSource source) throws IOException {
        try (var memory = EngineExecutor.memory();
                var engine = new SoftEngine(memory, Clock.system(), Entropy.seeded(seed), options);
                var subject = new EngineExecutor(memory, engine)) {
            var report = new Hunt(host, subject, source, _ -> true).run();
            System.out.printf("%s, seed %d: %s%n", options.tier(), seed, report);
            assertThat(report.byForm()).as("seed %d", seed).isEmpty();
        }
    }
}
