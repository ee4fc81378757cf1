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
import java.util.Map;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Machine code of blocks made at random against the evaluator.
class RandomBlocksTest {
    private static final int BLOCKS = Integer.getInteger("xenolith.blocks", 40_000);
    private static final long ENTRY = 0x1000;
    private static final long UPPER_ENTRY = 0xFFFF_FFFF_8100_1000L;
    private static final long BLOCK_BYTES = 0x100;
    private static final int BLOCKS_MAX = 8;

    /// That of no register.
    private static final int BASE_SLOT = 100;

    private static final int BUDGET = 1000;

    /// An MXCSR that no instruction changes.
    private static final int ALL_MASKED_AND_SEEN = 0x1FBF;

    private int executed;
    private int completed;
    private int followed;
    private int supplied;
    private int refused;

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
        for (long seed = 1; seed <= BLOCKS / 4; seed++) {
            var random = new SplittableRandom(seed);
            compare(seed, random, several(random));
        }
        assertThat(refused).isLessThan(BLOCKS / 2000);
        assertThat(followed).isGreaterThan(BLOCKS / 8);
        assertThat(supplied).isGreaterThan(BLOCKS / 200);
    }

    /// A region, and its blocks as they are to be executed: those of the region may do the same in
    /// another way.
    private record Blocks(SortedMap<Long, Unit> units, Region region) {
        long entry() {
            return units.firstKey();
        }
    }

    private static Blocks several(RandomGenerator random) {
        int count = 2 + random.nextInt(BLOCKS_MAX - 1);
        long entry = random.nextInt(4) == 0 ? UPPER_ENTRY : ENTRY;
        int baseSlot = random.nextInt(4) == 0 ? BASE_SLOT : Region.ABSOLUTE;
        var units = new TreeMap<Long, Unit>();
        for (int block = 0; block < count; block++) {
            long pc = entry + block * BLOCK_BYTES;
            long other = entry + random.nextInt(count + 2) * BLOCK_BYTES;
            var body =
                    random.nextInt(3) == 0
                            ? RandomAccesses.next(random)
                            : withoutEnd(withVectors(random));
            var unit = RandomEnds.end(body, pc + BLOCK_BYTES, other, entry, baseSlot, random);
            units.put(pc, placed(pc, unit));
        }
        return blocks(units, baseSlot, random);
    }

    private static Blocks single(Unit unit, RandomGenerator random) {
        var units = new TreeMap<>(Map.of(ENTRY, ending(unit)));
        return blocks(units, Region.ABSOLUTE, random);
    }

    private static Blocks blocks(
            SortedMap<Long, Unit> units, int baseSlot, RandomGenerator random) {
        var blocks = new ArrayList<Region.Block>();
        units.forEach((pc, unit) -> {
            var compiled = random.nextBoolean() ? Passes.optimise(unit) : unit;
            var expected = expected(units.firstKey(), unit, units.size(), random);
            blocks.add(new Region.Block(pc, compiled, expected, 1));
        });
        return new Blocks(units, new Region(blocks, baseSlot));
    }

    /// Where a computed jump may have been seen to go, within the region and behind it.
    private static List<Long> expected(long entry, Unit unit, int blocks, RandomGenerator random) {
        if (!(unit.ops().getLast() instanceof Op.JumpTo)) {
            return List.of();
        }
        return random.ints(random.nextInt(3), 0, blocks + 1)
                .distinct()
                .mapToObj(block -> entry + block * BLOCK_BYTES)
                .toList();
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
                var region = any(new SplittableRandom(seed));
                var same = any(new SplittableRandom(seed));
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

    private static Region any(RandomGenerator random) {
        var blocks = random.nextBoolean() ? several(random) : single(withVectors(random), random);
        return blocks.region();
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
        compare(seed, random, single(unit, random));
    }

    private void compare(long seed, SplittableRandom random, Blocks blocks) throws Exception {
        try (var arena = Arena.ofConfined()) {
            var context = new ArenaContext(arena, random);
            context.registers[RandomVectors.CONTROL] = ALL_MASKED_AND_SEEN;
            int missing = random.nextInt();
            context.supply(page -> (missing >>> page & 1) != 0);
            context.pc = blocks.entry();
            context.registers[BASE_SLOT] = context.pc;
            var reference = context.copy(arena);
            int without = seed % 4 == 0 ? HostProcessor.BMI1 : 0;
            var compiler = new MachineCodeCompiler(false, 1 << 18, without);
            try (compiler) {
                var code = compiler.compile(blocks.region());
                if (code.isEmpty()) {
                    refused++;
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
                        "seed %d, %s".formatted(seed, blocks.region()),
                        blocks,
                        context,
                        reference,
                        BUDGET - left);
            }
        }
    }

    /// @param instructions how many the code has executed
    private void check(
            String what,
            Blocks blocks,
            ArenaContext context,
            ArenaContext reference,
            int instructions) {
        reference.pc = blocks.entry();
        int left = instructions;
        int begun = 0;
        for (var unit = blocks.units().get(reference.pc); unit != null && left >= 0; begun++) {
            int count = instructions(unit);
            if (left < count) {
                execute(what, prefix(unit, left), reference);
                if (left > 0 || begun == 0) {
                    reference.pc = pc(unit, left);
                }
                break;
            }
            execute(what, unit, reference);
            completed++;
            left -= count;
            unit = blocks.units().get(reference.pc);
        }
        followed += Math.max(0, begun - 1);
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
