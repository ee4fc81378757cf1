package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.baseline.RegionRunner.block;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.ir.Abort;
import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Guard;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.jit.Region;

import java.util.List;
import java.util.SplittableRandom;

/// Loops, budgets, and the places where a region is left.
class RegionsTest {
    @AutoClose private final RegionRunner regions = new RegionRunner();

    private final ArenaContext context = regions.context();

    /// `sub r1, 1` that sets flags, then back while the result is not zero.
    private static Region.Block countdown() {
        return block(
                0x100,
                new Op.Boundary(0x100, 4),
                new Op.ReadRegister(1),
                new Op.Const(Width.W64, 1),
                new Op.Binary(BinaryKind.SUB, Width.W64, 1, 2),
                new Op.WriteRegister(1, 3),
                new Op.SetFlags(FlagRule.SUB, Width.W64, 1, 2, 3),
                new Op.Boundary(0x104, 2),
                new Op.Test(Condition.NOT_ZERO),
                new Op.Branch(7, 0x100, 0x106));
    }

    @Test
    void aLoopRunsToItsEnd() {
        context.registers[1] = 10;
        assertThat(regions.run(1000, countdown())).isEqualTo(1000 - 20);
        assertThat(context.registers[1]).isZero();
        assertThat(context.pc).isEqualTo(0x106);
        assertThat(context.statusFlags()).isEqualTo(Flags.ZF | Flags.PF);
    }

    @Test
    void aLoopIsLeftWhereItClosesWhenTheBudgetIsUsedUp() {
        context.registers[1] = 1000;
        assertThat(regions.run(5, countdown())).isEqualTo(-1);
        assertThat(context.registers[1]).isEqualTo(997);
        assertThat(context.pc).isEqualTo(0x100);
    }

    private static final long[] EDGES = {
        0, 1, -1, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000L, 0xFFFF_FFFFL, Long.MIN_VALUE
    };

    /// Flags that are of a kind which nobody knows when the region is made.
    @Test
    void theCarryIsFoundInFlagsOfAnyKind() {
        var code =
                regions.compile(
                        block(
                                0x100,
                                new Op.Boundary(0x100, 2),
                                new Op.Test(Condition.BELOW),
                                new Op.Test(Condition.NOT_BELOW),
                                new Op.Convert(false, Width.W8, Width.W64, 1),
                                new Op.Convert(false, Width.W8, Width.W64, 2),
                                new Op.WriteRegister(4, 3),
                                new Op.WriteRegister(5, 4),
                                new Op.Jump(0x102)));
        var random = new SplittableRandom(3);
        for (var rule : FlagRule.values()) {
            for (int round = 0; round < 2000; round++) {
                var width = Width.values()[random.nextInt(Width.values().length)];
                context.pc = 0x100;
                context.setFlags(
                        rule.ordinal(),
                        width.bits(),
                        any(random, width),
                        any(random, width),
                        any(random, width));
                if (rule == FlagRule.SHL || rule == FlagRule.SHR || rule == FlagRule.SAR) {
                    context.flagRight = 1 + random.nextInt(width.bits());
                }
                context.flagCarry = any(random, width);
                if (random.nextInt(4) == 0) {
                    int carry = random.nextInt(CarryRule.values().length);
                    context.flagKind = Flags.withCarry(context.flagKind, carry, width.bits());
                }
                int kind = context.flagKind;
                boolean below = context.test(Condition.BELOW.ordinal());
                regions.run(100, code);
                assertThat(context.registers[4]).as("%s %s", rule, width).isEqualTo(below ? 1 : 0);
                assertThat(context.registers[5]).isEqualTo(below ? 0 : 1);
                assertThat(context.flagKind).isEqualTo(kind);
            }
        }
    }

    /// Zero-extended, as values of flags are.
    private static long any(SplittableRandom random, Width width) {
        long any =
                random.nextBoolean()
                        ? EDGES[random.nextInt(EDGES.length)]
                        : random.nextLong() >>> random.nextInt(64);
        return any << Long.SIZE - width.bits() >>> Long.SIZE - width.bits();
    }

    /// To where it is expected to leave the region for, near and far, to the region itself, and to
    /// where it is not expected.
    @Test
    void aComputedJumpGoesWhereItsRegisterSays() {
        long entry = 0x100;
        long near = -0x7EFF_FF00L;
        long far = -0x1234_5678_9000L;
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(entry, 2),
                                new Op.ReadRegister(2),
                                new Op.JumpTo(1)));
        var leaving = new Region.Block(entry, unit, List.of(near, far), 1);
        var looping = new Region.Block(entry, unit, List.of(entry, near, far), 1);
        var shapes =
                List.of(
                        new Region(List.of(leaving)),
                        new Region(List.of(looping)),
                        new Region(List.of(leaving), 9),
                        new Region(List.of(looping), 9));
        for (var region : shapes) {
            var code = regions.compile(region);
            for (long target : new long[] {near, far, near + 1, far - 1, 0x200, entry}) {
                for (int budget : new int[] {1, 5}) {
                    boolean loops = target == entry && region.blocks().contains(looping);
                    context.pc = entry;
                    context.registers[2] = target;
                    int left = regions.run(budget, code);
                    assertThat(left).isBetween(loops ? -1 : budget - 1, loops ? 0 : budget - 1);
                    assertThat(context.pc).isEqualTo(target);
                }
            }
        }
    }

    public static final class Helpers {
        private Helpers() {}

        @Guard(value = "fits", form = Guard.Form.FITS_SIGNED, bits = 48)
        public static void check(Context context, long number) {
            throw Abort.restart();
        }

        public static boolean fits(long number) {
            return number << 16 >> 16 == number;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x100, -1L << 31, -1L << 40})
    void whatFitsIntoItsLowBitsIsKnown(long pc) {
        var checking =
                block(
                        pc,
                        new Op.Boundary(pc, 1),
                        new Op.ReadRegister(1),
                        new Op.Call(Helper.named(Helpers.class, "check"), List.of(1)),
                        new Op.Jump(pc + 1));
        var check = regions.compile(checking);
        for (int bit = 0; bit < Long.SIZE; bit++) {
            for (long number : new long[] {1L << bit, (1L << bit) - 1, -1L << bit, ~(-1L << bit)}) {
                context.registers[1] = number;
                context.pc = 0;
                assertThat(regions.run(100, check)).isEqualTo(Helpers.fits(number) ? 99 : 100);
                assertThat(context.pc).isEqualTo(Helpers.fits(number) ? pc + 1 : pc);
            }
        }
    }

    @Test
    void flagsAtTheEntryAreTestedWhateverTheyAre() {
        for (var condition : Condition.values()) {
            context.setFlags(Flags.SHL, 16, 0x8123, 1, 0x0246);
            boolean holds = context.test(condition.ordinal());
            regions.run(
                    100,
                    block(
                            0x100,
                            new Op.Boundary(0x100, 1),
                            new Op.Test(condition),
                            new Op.Branch(1, 0x200, 0x300)));
            assertThat(context.pc).as("%s", condition).isEqualTo(holds ? 0x200 : 0x300);
        }
    }

    @Test
    void codeThatHasBeenThrownAwayDoesNothing() {
        context.registers[1] = 10;
        context.pc = 0x100;
        var code = regions.compile(countdown());
        regions.reset();
        int left = code.run(context, context.readTags, context.writeTags, context.offsets, 100);
        assertThat(left).isEqualTo(100);
        assertThat(context.registers[1]).isEqualTo(10);
        assertThat(context.pc).isEqualTo(0x100);
    }
}
