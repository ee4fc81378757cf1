package org.xenolith.ir;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.testing.FakeHelpers;
import org.xenolith.ir.testing.RandomUnits;

import java.util.List;
import java.util.SplittableRandom;

class VerifierTest {
    private static final Op START = new Op.Boundary(0, 1);
    private static final Op READ = new Op.ReadRegister(0);

    private static List<String> violations(Op... ops) {
        return Verifier.violations(new Unit(List.of(ops)));
    }

    @Test
    void generatedUnitsAreLawful() {
        for (long seed = 0; seed < 5_000; seed++) {
            var unit = RandomUnits.next(new SplittableRandom(seed));
            assertThat(Verifier.violations(unit)).as("seed %d\n%s", seed, unit).isEmpty();
        }
    }

    @Test
    void aUseBeforeItsDefinitionIsReported() {
        assertThat(violations(START, new Op.WriteRegister(0, 2), READ))
                .containsExactly("%1 uses %2, which is no value made before it: write r0, %2");
    }

    @Test
    void anOpWithoutAValueCannotBeUsed() {
        assertThat(violations(START, new Op.WriteRegister(0, 0))).hasSize(1);
    }

    @Test
    void aCompilersSlotsAreNobodyElses() {
        for (int slot : new int[] {Context.NEAR_COMPILER_SLOTS, Context.COMPILER_SLOTS}) {
            assertThat(violations(START, new Op.ReadRegister(slot))).hasSize(1);
            assertThat(violations(START, new Op.ReadRegister(slot - 1))).isEmpty();
        }
        int behind = Context.NEAR_COMPILER_SLOTS_END;
        assertThat(violations(START, new Op.ReadRegister(behind))).isEmpty();
    }

    @Test
    void widthsMustAgree() {
        assertThat(violations(START, READ, new Op.Binary(BinaryKind.ADD, Width.W32, 1, 1)))
                .containsExactly(
                        "%2 wants %1 of W32, not W64: add.32 %1, %1",
                        "%2 wants %1 of W32, not W64: add.32 %1, %1");
    }

    @Test
    void aShiftCountMayBeOfAnyWidth() {
        var count = new Op.Const(Width.W8, 3);
        var shift = new Op.Binary(BinaryKind.SHIFT_LEFT, Width.W64, 1, 2);

        assertThat(violations(START, READ, count, shift)).isEmpty();
    }

    @Test
    void aFaultAfterAChangeIsReported() {
        assertThat(violations(START, READ, new Op.WriteRegister(1, 1), new Op.Load(Width.W8, 1)))
                .containsExactly("%3 may fault after %2 has changed state: load.8 [%1]");
    }

    @Test
    void aChangeInAnEarlierInstructionIsNone() {
        assertThat(
                        violations(
                                START,
                                READ,
                                new Op.WriteRegister(1, 1),
                                new Op.Boundary(1, 1),
                                new Op.Load(Width.W8, 1)))
                .isEmpty();
    }

    @Test
    void twoStoresInOneInstructionAreReported() {
        var store = new Op.Store(Width.W64, 1, 1);

        assertThat(violations(START, READ, store, store)).hasSize(1);
    }

    @Test
    void aHelperThatOnlyReadsMayPrecedeAStore() {
        var look = new Op.Call(Helper.named(FakeHelpers.class, "look"), List.of(1));

        assertThat(violations(START, READ, look, look, new Op.Store(Width.W64, 2, 3))).isEmpty();
    }

    @Test
    void aHelperThatMayChangeAnythingPrecedesNoStore() {
        var touch = new Op.Call(Helper.named(FakeHelpers.class, "touch"), List.of());

        assertThat(violations(START, READ, touch, new Op.Store(Width.W64, 1, 1))).hasSize(1);
    }

    @Test
    void whatEndsAUnitIsItsLastOp() {
        assertThat(violations(START, new Op.Jump(1), new Op.Jump(2)))
                .containsExactly("%1 ends the unit before its last op: jump 0x1");
    }

    @Test
    void leavingNeedsAHelper() {
        assertThat(violations(START, new Op.Leave())).hasSize(1);
    }

    @Test
    void aUnitBeginsWithABoundary() {
        assertThat(violations(READ)).containsExactly("%0 is no boundary: read r0");
    }
}
