package org.xenolith.jit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.ir.testing.FakeContext;
import org.xenolith.ir.testing.RandomUnits;

import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

class HandlerFactoryTest {
    private static final int UNITS = 4_000;

    private static Unit add(int slot, long constant) {
        return new Unit(
                List.of(
                        new Op.Boundary(0, 4),
                        new Op.ReadRegister(slot),
                        new Op.Const(Width.W64, constant),
                        new Op.Binary(BinaryKind.ADD, Width.W64, 1, 2),
                        new Op.WriteRegister(slot, 3)));
    }

    @Test
    void aHandlerDoesWhatTheEvaluatorDoes() {
        var factory = new HandlerFactory(MethodHandles.lookup(), 0);
        for (long seed = 0; seed < UNITS; seed++) {
            var random = new SplittableRandom(seed);
            var unit = RandomUnits.next(random);
            var handler = factory.handler(unit);
            var optimised = factory.handler(Passes.optimise(unit));
            for (int round = 0; round < 3; round++) {
                var context = FakeContext.random(random);
                var expected = context.copy().stateAfter(new Evaluator(unit));
                assertThat(context.copy().stateAfter(handler))
                        .as("seed %d\n%s", seed, unit)
                        .isEqualTo(expected);
                assertThat(context.copy().stateAfter(optimised))
                        .as("optimised, seed %d\n%s", seed, unit)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void codeThatWarmsUpDoesTheSameBeforeAndAfter() {
        var factory = new HandlerFactory(MethodHandles.lookup(), 3);
        for (long seed = 0; seed < 300; seed++) {
            var random = new SplittableRandom(seed);
            var unit = RandomUnits.next(random);
            var code = factory.handler(unit);
            for (int round = 0; round < 6; round++) {
                var context = FakeContext.random(random);
                assertThat(context.copy().stateAfter(code))
                        .as("seed %d, round %d\n%s", seed, round, unit)
                        .isEqualTo(context.copy().stateAfter(new Evaluator(unit)));
            }
            assertThat(HandlerFactory.settled(code)).isInstanceOf(Handler.class);
        }
    }

    @Test
    void unitsThatDifferInRegistersAndConstantsShareAClass() {
        var factory = new HandlerFactory(MethodHandles.lookup(), 0);
        var first = factory.handler(add(1, 100));
        var second = factory.handler(add(2, 200));

        assertThat(second.getClass()).isSameAs(first.getClass());
        assertThat(factory.compiledShapes()).isEqualTo(1);
        var context = FakeContext.random(new SplittableRandom(1));
        context.registers[2] = 5;
        second.execute(context);
        assertThat(context.registers[2]).isEqualTo(205);
    }

    @Test
    void threadsThatAskForOneShapeGetOneClass() throws InterruptedException {
        var factory = new HandlerFactory(MethodHandles.lookup(), 0);
        var classes = ConcurrentHashMap.<Class<?>>newKeySet();
        var threads = new ArrayList<Thread>();
        for (int thread = 0; thread < 4; thread++) {
            int slot = thread;
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> classes.add(factory.handler(add(slot, 100)).getClass())));
        }
        for (var thread : threads) {
            thread.join(10_000);
        }

        assertThat(classes).hasSize(1);
    }

    @Test
    void aRareShapeIsNotCompiled() {
        var factory = new HandlerFactory(MethodHandles.lookup());
        var context = FakeContext.random(new SplittableRandom(1));
        factory.handler(add(1, 100)).execute(context);

        assertThat(factory.compiledShapes()).isZero();
    }

    @Test
    void aUnitThatIsTooLongIsEvaluated() {
        var ops = new Op[HandlerFactory.OPS_MAX + 1];
        ops[0] = new Op.Boundary(0, 1);
        for (int index = 1; index < ops.length; index++) {
            ops[index] = new Op.ReadRegister(0);
        }
        var factory = new HandlerFactory(MethodHandles.lookup(), 0);

        assertThat(factory.handler(new Unit(List.of(ops)))).isInstanceOf(Evaluator.class);
    }

    @Test
    void shapesBeyondTheBoundAreEvaluated() {
        var factory = new HandlerFactory(MethodHandles.lookup(), Integer.MAX_VALUE);
        for (int count = 0; count < HandlerFactory.SHAPES_MAX; count++) {
            factory.handler(distinct(count));
        }

        assertThat(factory.handler(distinct(HandlerFactory.SHAPES_MAX)))
                .isInstanceOf(Evaluator.class);
        assertThat(factory.handler(distinct(0))).isNotInstanceOf(Evaluator.class);
    }

    /// Units of different shapes: the bits of `number` choose their ops.
    private static Unit distinct(int number) {
        var ops = new Op[17];
        ops[0] = new Op.Boundary(0, 1);
        ops[1] = new Op.ReadRegister(0);
        for (int bit = 0; bit < 15; bit++) {
            var kind = (number >>> bit & 1) != 0 ? BinaryKind.ADD : BinaryKind.SUB;
            ops[bit + 2] = new Op.Binary(kind, Width.W64, 1, 1);
        }
        return new Unit(List.of(ops));
    }
}
