package org.xenolith.jit;

import org.xenolith.ir.Code;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/// Prints how many million units a second are executed by handlers and by the evaluator, for few
/// and for many different instructions. To be run by hand.
final class HandlerSpeed {
    private static final int BLOCK_UNITS = 8;
    private static final int ROUNDS = 5;

    private HandlerSpeed() {}

    public static void main(String[] arguments) {
        var factory = new HandlerFactory(MethodHandles.lookup(), 0);
        for (int blocks : List.of(1, 30, 1000)) {
            measure("handlers", blocks, 20_000_000, factory::handler);
            measure("evaluators", blocks, 2_000_000, Evaluator::new);
        }
    }

    private static void measure(String what, int blocks, int units, Function<Unit, Code> maker) {
        var random = new SplittableRandom(1);
        var codes = new ArrayList<Code[]>();
        for (int block = 0; block < blocks; block++) {
            var code = new Code[BLOCK_UNITS];
            for (int index = 0; index < BLOCK_UNITS; index++) {
                code[index] = maker.apply(unit(random, index == BLOCK_UNITS - 1));
            }
            codes.add(code);
        }
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            best = Math.max(best, millionsPerSecond(codes, units));
        }
        System.out.printf("%d blocks of %s: %.1f million units a second%n", blocks, what, best);
    }

    private static double millionsPerSecond(List<Code[]> blocks, int units) {
        var context = new FastContext();
        long start = System.nanoTime();
        int done = 0;
        while (done < units) {
            for (var block : blocks) {
                execute(block, context);
                done += BLOCK_UNITS;
            }
        }
        return done * 1e3 / (System.nanoTime() - start);
    }

    private static void execute(Code[] block, Context context) {
        for (var code : block) {
            code.execute(context);
        }
    }

    private static Unit unit(SplittableRandom random, boolean last) {
        var ops = new ArrayList<Op>();
        ops.add(new Op.Boundary(0, 4));
        ops.add(new Op.ReadRegister(random.nextInt(16)));
        ops.add(new Op.ReadRegister(random.nextInt(16)));
        int slot = random.nextInt(16);
        switch (last ? 0 : 1 + random.nextInt(4)) {
            case 0 -> {
                ops.add(new Op.Binary(BinaryKind.SUB, Width.W64, 1, 2));
                ops.add(new Op.SetFlags(FlagRule.SUB, Width.W64, 1, 2, 3));
                ops.add(new Op.Test(Condition.LESS));
                ops.add(new Op.Branch(5, random.nextInt(), random.nextInt()));
            }
            case 1 -> {
                ops.add(new Op.Binary(BinaryKind.ADD, Width.W64, 1, 2));
                ops.add(new Op.WriteRegister(slot, 3));
                ops.add(new Op.SetFlags(FlagRule.ADD, Width.W64, 1, 2, 3));
            }
            case 2 -> {
                ops.add(new Op.Const(Width.W64, random.nextInt()));
                ops.add(new Op.Binary(BinaryKind.ADD, Width.W64, 1, 3));
                ops.add(new Op.Load(Width.W64, 4));
                ops.add(new Op.WriteRegister(slot, 5));
            }
            case 3 -> ops.add(new Op.Store(Width.W64, 1, 2));
            default -> {
                var kinds = BinaryKind.values();
                var kind = kinds[random.nextInt(kinds.length)];
                ops.add(new Op.Binary(kind, Width.W64, 1, 2));
                ops.add(new Op.WriteRegister(slot, 3));
                ops.add(new Op.SetFlags(FlagRule.LOGIC, Width.W64, 3, 3, 3));
            }
        }
        return Passes.optimise(new Unit(ops));
    }

    /// A small memory of words that wraps around.
    private static final class FastContext extends Context {
        @Override
        public boolean isPlain() {
            return true;
        }

        private final long[] memory = new long[1 << 12];

        private int place(long address) {
            return (int) (address >>> 3) & (memory.length - 1);
        }

        @Override
        public long load8(long address) {
            return load64(address) & 0xFF;
        }

        @Override
        public long load16(long address) {
            return load64(address) & 0xFFFF;
        }

        @Override
        public long load32(long address) {
            return load64(address) & 0xFFFF_FFFFL;
        }

        @Override
        public long load64(long address) {
            return memory[place(address)];
        }

        @Override
        public void store8(long address, long value) {
            store64(address, value);
        }

        @Override
        public void store16(long address, long value) {
            store64(address, value);
        }

        @Override
        public void store32(long address, long value) {
            store64(address, value);
        }

        @Override
        public void store64(long address, long value) {
            memory[place(address)] = value;
        }

        @Override
        public void storePair(long address, long low, long high) {
            store64(address, low);
            store64(address + 8, high);
        }

        @Override
        public void storeConditional(int bits, long address, long expected, long value) {
            store64(address, value);
        }
    }
}
