package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.Exit;
import org.xenolith.engine.Vcpu;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.soft.SoftEngine;
import org.xenolith.guests.DebianKernel;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.concurrent.TimeUnit;

/// What a Debian kernel does at moments of its boot, done by compiled regions from the first
/// execution and by the evaluator: the same registers and memory wherever both stop. Time stands
/// still for both, and nothing outside answers: a trace ends with its first exit.
@Timeout(240)
class BootTraceTest {
    private static final DebianKernel KERNEL = DebianKernel.CLOUD;
    private static final int MOMENTS = 8;
    private static final long MILLIS_BETWEEN = 700;
    private static final long INSTRUCTIONS_MAX = 400_000;
    private static final int SLICE = 20_000;
    private static final int ATTEMPTS_MAX = 8;

    private static final Clock STANDING =
            new Clock() {
                @Override
                public long nanos() {
                    return 1_000_000_000;
                }

                @Override
                public long wallNanos() {
                    return nanos();
                }
            };

    /// One of the two ways.
    private record Side(MachineImage image, SoftEngine engine, Vcpu vcpu) implements AutoCloseable {
        static Side of(byte[] saved, SoftEngine.Options options) throws Exception {
            var image =
                    MachineImage.read(
                            new StreamReader(new MappedInput(MemorySegment.ofArray(saved), 0)),
                            MachineImage.PageSource.COPY,
                            Engines.choose(EngineChoice.SOFT));
            var engine = new SoftEngine(image.memory(), STANDING, Entropy.seeded(1), options);
            var cpuid = Engines.choose(EngineChoice.SOFT).cpuid(0, 1).build();
            var vcpu = engine.createVcpu(0, cpuid);
            vcpu.restore(image.state(VcpuState.CODEC, 0));
            return new Side(image, engine, vcpu);
        }

        @Override
        public void close() {
            engine.close();
            image.close();
        }
    }

    @Test
    void regionsDoWhatTheEvaluatorDoes() throws Exception {
        KERNEL.missing().ifPresent(reason -> Assumptions.abort(reason));
        long compared = 0;
        int regions = 0;
        try (var domain =
                Xenolith.create(
                        KERNEL.config(1)
                                .memoryMib(128)
                                .memoryAccess(MemoryAccess.CHECKED)
                                .build())) {
            for (int moment = 0; moment < MOMENTS; moment++) {
                TimeUnit.MILLISECONDS.sleep(MILLIS_BETWEEN);
                var saved = save(domain);
                var forced = CompilerChoice.FORCED.options().orElseThrow();
                try (var compiled = Side.of(saved, forced);
                        var reference =
                                Side.of(saved, SoftEngine.Options.of(SoftEngine.Tier.EVALUATOR))) {
                    compared += compare(compiled, reference, "moment " + moment);
                    regions += compiled.engine.compiledRegions();
                }
            }
        }
        System.out.printf("%d instructions of a boot compared, %d regions%n", compared, regions);
        assertThat(compared).isGreaterThan(INSTRUCTIONS_MAX);
        assertThat(regions).isGreaterThan(100);
    }

    private static byte[] save(Domain domain) throws Exception {
        var bytes = new ByteArrayOutputStream();
        domain.save(
                machine ->
                        machine.save(
                                new StreamWriter(
                                        Channels.newChannel(bytes), 0, Alignment.NONE, 4, 17),
                                _ -> {}),
                AfterSave.GO_ON);
        return bytes.toByteArray();
    }

    /// Answers how many instructions were the same on both sides.
    private static long compare(Side compiled, Side reference, String name) {
        long same = 0;
        Exit exit;
        do {
            exit = compiled.vcpu.run(SLICE);
            if (!(exit instanceof Exit.Preempted) || !meet(compiled.vcpu, reference.vcpu)) {
                return same;
            }
            same = compiled.vcpu.instructionsRetired();
            var where = "%s, %d instructions".formatted(name, same);
            assertThat(compiled.vcpu.capture().general())
                    .as(where)
                    .isEqualTo(reference.vcpu.capture().general());
            assertThat(compiled.vcpu.capture()).as(where).isEqualTo(reference.vcpu.capture());
            long at =
                    compiled.image.memory().segment().mismatch(reference.image.memory().segment());
            assertThat(at).as(where).isEqualTo(-1);
        } while (same < INSTRUCTIONS_MAX);
        return same;
    }

    /// Both stop behind the same instruction; whoever is behind goes on. False if one of them has
    /// left its trace.
    private static boolean meet(Vcpu compiled, Vcpu reference) {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            long ahead = compiled.instructionsRetired() - reference.instructionsRetired();
            boolean faulting =
                    ahead == 0
                            && !compiled.capture().general().equals(reference.capture().general());
            if (ahead == 0 && !faulting) {
                return true;
            }
            var behind = ahead > 0 ? reference : compiled;
            if (!(behind.run(Math.max(1, Math.abs(ahead))) instanceof Exit.Preempted)) {
                return false;
            }
        }
        return compiled.instructionsRetired() == reference.instructionsRetired();
    }
}
