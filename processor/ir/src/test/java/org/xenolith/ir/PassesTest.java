package org.xenolith.ir;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.CompareKind;
import org.xenolith.ir.testing.FakeContext;
import org.xenolith.ir.testing.RandomUnits;

import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

class PassesTest {
    private static final int UNITS = 4_000;

    /// Random units end in the same state before and after a pass, which leaves them lawful.
    private static void assertChangesNothing(long seed, UnaryOperator<Unit> pass) {
        for (int round = 0; round < UNITS; round++) {
            var random = new SplittableRandom(seed + round);
            var unit = RandomUnits.next(random);
            var context = FakeContext.random(random);
            var after = pass.apply(unit);
            assertThat(Verifier.violations(after)).as("seed %d\n%s", seed + round, unit).isEmpty();
            assertThat(context.copy().stateAfter(new Evaluator(after)))
                    .as("seed %d\n%s\n%s", seed + round, unit, after)
                    .isEqualTo(context.copy().stateAfter(new Evaluator(unit)));
        }
    }

    @Test
    void forwardingFlagsChangesNothing() {
        assertChangesNothing(1_000_000, Passes::forwardFlags);
    }

    @Test
    void foldingConstantsChangesNothing() {
        assertChangesNothing(2_000_000, Passes::foldConstants);
    }

    @Test
    void removingDeadFlagsChangesNothing() {
        assertChangesNothing(3_000_000, Passes::removeDeadFlags);
    }

    @Test
    void removingDeadValuesChangesNothing() {
        assertChangesNothing(4_000_000, Passes::removeDeadValues);
    }

    @Test
    void allPassesTogetherChangeNothing() {
        assertChangesNothing(5_000_000, Passes::optimise);
    }

    @Test
    void whatAHostMakesOfAnInstructionStaysWhileItIsOptimisedAndGoesForOthers() {
        var instruction =
                new HostInstruction(
                        new HostInstruction.Opcode(0x66, 1, 0x7E, 0, -1),
                        true,
                        new HostInstruction.Part.Vector(1, 2, HostInstruction.Use.READ),
                        new HostInstruction.Part.Result(Width.W64),
                        OptionalInt.empty(),
                        List.of());
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0, 5),
                                new Op.ReadRegister(9),
                                new Op.ReadRegister(2),
                                new Op.Host(instruction, Op.Host.NONE, 2),
                                new Op.WriteRegister(0, 2)));

        var optimised = Passes.optimise(unit);

        assertThat(Verifier.violations(optimised)).isEmpty();
        assertThat(optimised.ops()).contains(new Op.Host(instruction, Op.Host.NONE, 1));
        assertThat(Passes.portable(optimised).ops())
                .containsExactly(
                        new Op.Boundary(0, 5), new Op.ReadRegister(2), new Op.WriteRegister(0, 1));
    }

    @Test
    void compareAndBranchNeedNoFlags() {
        var unit = compareAndBranch(Condition.NOT_BELOW);

        assertThat(Passes.optimise(unit).toString())
                .isEqualTo(
                        """
                        0x1000, 3 bytes:
                          %1 = read r0
                          %2 = read r1
                          %3 = sub.64 %1, %2
                          set flags sub.64 %1, %2, %3
                        0x1003, 2 bytes:
                          %6 = less unsigned.64 %1, %2
                          branch %6 ? 0x1005 : 0x2000
                        """);
    }

    @Test
    void flagsThatAnotherInstructionOverwritesGo() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0, 1),
                                new Op.ReadRegister(0),
                                new Op.SetFlags(FlagRule.LOGIC, Width.W64, 1, 1, 1),
                                new Op.Boundary(1, 1),
                                new Op.SetFlags(FlagRule.LOGIC, Width.W64, 1, 1, 1)));

        assertThat(Passes.removeDeadFlags(unit).ops()).hasSize(4);
    }

    @Test
    void flagsThatAFaultWouldShowStay() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0, 1),
                                new Op.ReadRegister(0),
                                new Op.SetFlags(FlagRule.LOGIC, Width.W64, 1, 1, 1),
                                new Op.Boundary(1, 1),
                                new Op.Load(Width.W8, 1),
                                new Op.SetFlags(FlagRule.LOGIC, Width.W64, 1, 1, 1)));

        assertThat(Passes.removeDeadFlags(unit)).isEqualTo(unit);
    }

    @Test
    void branchOnAConstantIsAJump() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0, 1),
                                new Op.Const(Width.W8, 2),
                                new Op.Compare(CompareKind.LESS_SIGNED, Width.W8, 1, 1),
                                new Op.Branch(2, 5, 6)));

        assertThat(Passes.optimise(unit).ops())
                .containsExactly(new Op.Boundary(0, 1), new Op.Jump(6));
    }

    @Test
    void flagsThatMayStayDoNotOverwriteOthers() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0, 1),
                                new Op.ReadRegister(0),
                                new Op.SetFlags(FlagRule.LOGIC, Width.W64, 1, 1, 1),
                                new Op.SetFlagsIf(1, FlagRule.LOGIC, Width.W64, 1, 1, 1)));

        assertThat(Passes.removeDeadFlags(unit)).isEqualTo(unit);
    }

    @Test
    void flagsThatAreSetIfAConstantIsNotZeroAreSetOrNot() {
        for (long condition = 0; condition < 2; condition++) {
            var unit =
                    new Unit(
                            List.of(
                                    new Op.Boundary(0, 1),
                                    new Op.Const(Width.W8, condition),
                                    new Op.SetFlagsIf(1, FlagRule.LOGIC, Width.W8, 1, 1, 1)));

            var folded = Passes.foldConstants(unit).ops();

            var flags = new Op.SetFlags(FlagRule.LOGIC, Width.W8, 1, 1, 1);
            assertThat(folded.subList(2, folded.size()))
                    .isEqualTo(condition == 0 ? List.of() : List.of(flags));
        }
    }

    private static Unit compareAndBranch(Condition condition) {
        return new Unit(
                List.of(
                        new Op.Boundary(0x1000, 3),
                        new Op.ReadRegister(0),
                        new Op.ReadRegister(1),
                        new Op.Binary(BinaryKind.SUB, Width.W64, 1, 2),
                        new Op.SetFlags(FlagRule.SUB, Width.W64, 1, 2, 3),
                        new Op.Boundary(0x1003, 2),
                        new Op.Test(condition),
                        new Op.Branch(6, 0x2000, 0x1005)));
    }
}
