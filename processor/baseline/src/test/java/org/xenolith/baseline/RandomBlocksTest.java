package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Op;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.ir.testing.RandomUnits;
import org.xenolith.jit.Region;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// Machine code of blocks made at random against the evaluator.
class RandomBlocksTest {
    private static final int BLOCKS = Integer.getInteger("xenolith.blocks", 40_000);
    private static final long ENTRY = 0x1000;
    private static final int BUDGET = 1000;

    /// An MXCSR that no instruction changes.
    private static final int ALL_MASKED_AND_SEEN = 0x1FBF;

    private int executed;
    private int completed;
    private int supplied;

    @Test
    void machineCodeAndTheEvaluatorAgree() throws Exception {
        assumeTrue(MachineCodeCompiler.isSupported());
        for (long seed = 1; seed <= BLOCKS; seed++) {
            var random = new SplittableRandom(seed);
            compare(seed, random, withoutCalls(RandomUnits.next(random)));
        }
        assertThat(completed).isGreaterThan(BLOCKS / 10);
        assertThat(executed).isGreaterThan(BLOCKS / 10);
        assertThat(supplied).isGreaterThan(BLOCKS / 100);
    }

    @Test
    void accessesThatAreNearEachOtherFindTheirPages() throws Exception {
        assumeTrue(MachineCodeCompiler.isSupported());
        for (long seed = 1; seed <= BLOCKS / 2; seed++) {
            var random = new SplittableRandom(seed);
            compare(seed, random, RandomAccesses.next(random));
        }
        assertThat(completed).isGreaterThan(BLOCKS / 20);
        assertThat(executed).isGreaterThan(BLOCKS / 4);
        assertThat(supplied).isGreaterThan(BLOCKS / 100);
    }

    /// What is kept on disk is used by other processes, and once more when it is made again.
    @Test
    void theCodeOfABlockFollowsFromTheBlockAlone() throws Exception {
        assumeTrue(MachineCodeCompiler.isSupported());
        try (var first = new MachineCodeCompiler(false, 1 << 16);
                var second = new MachineCodeCompiler(false, 1 << 17)) {
            int made = 0;
            for (long seed = 1; seed <= BLOCKS / 40; seed++) {
                var region = region(ending(withVectors(new SplittableRandom(seed))));
                var same = region(ending(withVectors(new SplittableRandom(seed))));
                var image = first.image(region);
                if (image.isPresent()) {
                    made++;
                    second.install(image.get());
                    var again = second.image(same).orElseThrow();
                    assertThat(again.code().mismatch(image.get().code())).isEqualTo(-1);
                    assertThat(again.explicitFlags()).isEqualTo(image.get().explicitFlags());
                }
            }
            assertThat(made).isGreaterThan(BLOCKS / 200);
        }
    }

    private static Unit ending(Unit unit) {
        if (unit.endsBlock()) {
            return unit;
        }
        var ops = new ArrayList<>(unit.ops());
        ops.add(new Op.Jump(0x5000));
        return new Unit(ops);
    }

    private static Region region(Unit unit) {
        return new Region(List.of(new Region.Block(ENTRY, unit, List.of(), 1)));
    }

    @Test
    void theHostsOwnInstructionsDoWhatTheyStandFor() throws Exception {
        assumeTrue(MachineCodeCompiler.isSupported());
        for (long seed = 1; seed <= BLOCKS / 2; seed++) {
            var random = new SplittableRandom(seed);
            compare(seed, random, withVectors(random));
        }
        assertThat(completed).isGreaterThan(BLOCKS / 20);
        assertThat(executed).isGreaterThan(BLOCKS / 4);
        assertThat(supplied).isGreaterThan(BLOCKS / 100);
    }

    /// Instructions of the host's between others, on the same registers.
    private static Unit withVectors(RandomGenerator random) {
        var units = new ArrayList<Unit>();
        for (int part = random.nextInt(3); part > 0; part--) {
            units.add(withoutEnd(withoutCalls(RandomUnits.next(random))));
            units.add(RandomVectors.next(random));
        }
        units.add(RandomVectors.next(random));
        units.add(withoutCalls(RandomUnits.next(random)));
        return Unit.join(units);
    }

    private static Unit withoutEnd(Unit unit) {
        return unit.endsBlock() ? new Unit(unit.ops().subList(0, unit.ops().size() - 1)) : unit;
    }

    /// A constant where a helper would be called.
    private static Unit withoutCalls(Unit unit) {
        var ops = new ArrayList<Op>();
        for (var op : unit.ops()) {
            switch (op) {
                case Op.Call call -> ops.add(new Op.Const(Width.W64, call.arguments().size()));
                case Op.Leave() -> ops.add(new Op.Jump(1));
                case Op other -> ops.add(other);
            }
        }
        return new Unit(ops);
    }

    private void compare(long seed, SplittableRandom random, Unit unit) throws Exception {
        unit = ending(unit);
        var compiled = random.nextBoolean() ? Passes.optimise(unit) : unit;
        var region = region(compiled);
        try (var arena = Arena.ofConfined()) {
            var context = new ArenaContext(arena, random);
            context.registers[RandomVectors.CONTROL] = ALL_MASKED_AND_SEEN;
            int missing = random.nextInt();
            context.supply(page -> (missing >>> page & 1) != 0);
            var reference = context.copy(arena);
            int without = seed % 4 == 0 ? HostProcessor.BMI1 : 0;
            var compiler = new MachineCodeCompiler(false, 1 << 16, without);
            try (compiler) {
                var code = compiler.compile(region);
                if (code.isEmpty()) {
                    return;
                }
                int left =
                        code.get()
                                .run(
                                        context,
                                        context.readTags,
                                        context.writeTags,
                                        context.offsets,
                                        BUDGET);
                supplied += context.supplied();
                reference.see(context);
                check(seed, unit, compiled, context, reference, BUDGET - left);
            }
        }
    }

    private void check(
            long seed,
            Unit unit,
            Unit compiled,
            ArenaContext context,
            ArenaContext reference,
            int instructions) {
        var starts = new ArrayList<Integer>();
        for (int index = 0; index < unit.ops().size(); index++) {
            if (unit.ops().get(index) instanceof Op.Boundary) {
                starts.add(index);
            }
        }
        boolean whole = instructions == starts.size();
        var done = whole ? unit : new Unit(unit.ops().subList(0, starts.get(instructions)));
        if (!whole) {
            reference.pc = ((Op.Boundary) unit.ops().get(starts.get(instructions))).pc();
        }
        try {
            new Evaluator(done).execute(reference);
        } catch (Abort abort) {
            throw new AssertionError("seed " + seed + " aborts in\n" + unit, abort);
        }
        executed += instructions;
        completed += whole ? 1 : 0;
        assertThat(context.state())
                .as("seed %d, %d instructions of\n%s\n%s", seed, instructions, unit, compiled)
                .isEqualTo(reference.state());
        assertThat(context.pc).as("seed %d", seed).isEqualTo(reference.pc);
    }
}
