package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Op;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.ir.testing.RandomUnits;
import org.xenolith.jit.Region;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Machine code of blocks made at random against the evaluator.
class RandomBlocksTest {
    private static final int BLOCKS = Integer.getInteger("xenolith.blocks", 40_000);
    private static final long ENTRY = 0x1000;
    private static final long BLOCK_BYTES = 0x100;
    private static final int BUDGET = 1000;

    /// An MXCSR that no instruction changes.
    private static final int ALL_MASKED_AND_SEEN = 0x1FBF;

    private int executed;
    private int completed;
    private int followed;
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

    /// Some blocks that lead to each other: forwards, past each other, back, and out.
    @Test
    void blocksGoOnWithWhatThoseBeforeThemHave() throws Exception {
        assumeTrue(MachineCodeCompiler.isSupported());
        for (long seed = 1; seed <= BLOCKS / 2; seed++) {
            var random = new SplittableRandom(seed);
            compare(seed, random, several(random));
        }
        assertThat(followed).isGreaterThan(BLOCKS / 4);
        assertThat(supplied).isGreaterThan(BLOCKS / 100);
    }

    private static Map<Long, Unit> several(RandomGenerator random) {
        int count = 2 + random.nextInt(4);
        var blocks = new HashMap<Long, Unit>();
        for (int block = 0; block < count; block++) {
            long pc = ENTRY + block * BLOCK_BYTES;
            var body =
                    random.nextInt(3) == 0
                            ? RandomAccesses.next(random)
                            : withoutEnd(withVectors(random));
            blocks.put(pc, placed(pc, leading(body, pc, count, random)));
        }
        return blocks;
    }

    /// Goes on with the next block mostly, at once or if some condition holds.
    private static Unit leading(Unit body, long pc, int blocks, RandomGenerator random) {
        var ops = new ArrayList<>(body.ops());
        long next = pc + BLOCK_BYTES;
        long other = ENTRY + random.nextInt(blocks + 2) * BLOCK_BYTES;
        if (random.nextInt(4) == 0) {
            ops.add(new Op.Jump(random.nextInt(4) > 0 ? next : other));
            return new Unit(ops);
        }
        ops.add(new Op.Boundary(0, 1));
        ops.add(new Op.Test(Condition.values()[random.nextInt(Condition.values().length)]));
        int condition = ops.size() - 1;
        ops.add(
                random.nextBoolean()
                        ? new Op.Branch(condition, next, other)
                        : new Op.Branch(condition, other, next));
        return new Unit(ops);
    }

    /// With an address of its own for each instruction.
    private static Unit placed(long pc, Unit unit) {
        var ops = new ArrayList<Op>();
        long at = pc;
        for (var op : unit.ops()) {
            ops.add(op instanceof Op.Boundary ? new Op.Boundary(at++, 1) : op);
        }
        return new Unit(ops);
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
        compare(seed, random, Map.of(ENTRY, ending(unit)));
    }

    /// The blocks by their addresses, that of the entry among them.
    private void compare(long seed, SplittableRandom random, Map<Long, Unit> units)
            throws Exception {
        var blocks = new ArrayList<Region.Block>();
        for (long pc : units.keySet().stream().sorted().toList()) {
            var unit = units.get(pc);
            var compiled = random.nextBoolean() ? Passes.optimise(unit) : unit;
            blocks.add(new Region.Block(pc, compiled, List.of(), 1));
        }
        try (var arena = Arena.ofConfined()) {
            var context = new ArenaContext(arena, random);
            context.registers[RandomVectors.CONTROL] = ALL_MASKED_AND_SEEN;
            int missing = random.nextInt();
            context.supply(page -> (missing >>> page & 1) != 0);
            var reference = context.copy(arena);
            int without = seed % 4 == 0 ? HostProcessor.BMI1 : 0;
            var compiler = new MachineCodeCompiler(false, 1 << 18, without);
            try (compiler) {
                var code = compiler.compile(new Region(blocks));
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
                check(
                        "seed %d, %s".formatted(seed, blocks),
                        units,
                        context,
                        reference,
                        BUDGET - left);
            }
        }
    }

    /// @param instructions how many the code has executed
    private void check(
            String what,
            Map<Long, Unit> units,
            ArenaContext context,
            ArenaContext reference,
            int instructions) {
        reference.pc = ENTRY;
        int left = instructions;
        int blocks = 0;
        for (var unit = units.get(ENTRY); unit != null && left >= 0; blocks++) {
            int count = instructions(unit);
            if (left < count) {
                execute(what, prefix(unit, left), reference);
                if (left > 0 || blocks == 0) {
                    reference.pc = pc(unit, left);
                }
                break;
            }
            execute(what, unit, reference);
            completed++;
            left -= count;
            unit = units.get(reference.pc);
        }
        followed += Math.max(0, blocks - 1);
        executed += instructions;
        assertThat(context.state())
                .as("%d instructions of %s", instructions, what)
                .isEqualTo(reference.state());
        assertThat(context.pc).as(what).isEqualTo(reference.pc);
    }

    private static void execute(String what, Unit unit, ArenaContext reference) {
        try {
            new Evaluator(unit).execute(reference);
        } catch (Abort abort) {
            throw new AssertionError(what + " aborts", abort);
        }
    }

    private static int instructions(Unit unit) {
        return (int) unit.ops().stream().filter(Op.Boundary.class::isInstance).count();
    }

    /// The first so many instructions.
    private static Unit prefix(Unit unit, int instructions) {
        return new Unit(unit.ops().subList(0, start(unit, instructions)));
    }

    private static long pc(Unit unit, int instruction) {
        return ((Op.Boundary) unit.ops().get(start(unit, instruction))).pc();
    }

    /// Where an instruction begins.
    private static int start(Unit unit, int instruction) {
        return IntStream.range(0, unit.ops().size())
                .filter(index -> unit.ops().get(index) instanceof Op.Boundary)
                .skip(instruction)
                .findFirst()
                .orElseThrow();
    }
}
