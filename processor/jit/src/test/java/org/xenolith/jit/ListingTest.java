package org.xenolith.jit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.List;

/// What the bytecode of some handlers looks like, so that a change of it is seen.
class ListingTest {
    @Test
    void additionOfA32BitConstantToARegister() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0x1000, 3),
                                new Op.ReadRegister(1),
                                new Op.Convert(false, Width.W64, Width.W32, 1),
                                new Op.Const(Width.W32, 5),
                                new Op.Binary(BinaryKind.ADD, Width.W32, 2, 3),
                                new Op.Convert(false, Width.W32, Width.W64, 4),
                                new Op.WriteRegister(1, 5),
                                new Op.SetFlags(FlagRule.ADD, Width.W32, 2, 3, 4)));

        assertThat(Listing.of(unit))
                .isEqualTo(
                        """
                          aload 1
                          getfield registers
                          aload 0
                          getfield p0
                          laload
                          push 4294967295
                          land
                          lstore 2
                          lload 2
                          aload 0
                          getfield p1
                          ladd
                          push 4294967295
                          land
                          lstore 4
                          aload 1
                          getfield registers
                          aload 0
                          getfield p0
                          lload 4
                          lastore
                          aload 1
                          aload 0
                          getfield p1
                          aload 1
                          lload 4
                          putfield flagResult
                          putfield flagRight
                          aload 1
                          push 8193
                          putfield flagKind
                          return
                        """);
    }

    @Test
    void loadWithDisplacement() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0x1000, 4),
                                new Op.ReadRegister(5),
                                new Op.Const(Width.W64, -8),
                                new Op.Binary(BinaryKind.ADD, Width.W64, 1, 2),
                                new Op.Load(Width.W64, 3),
                                new Op.WriteRegister(0, 4)));

        assertThat(Listing.of(unit))
                .isEqualTo(
                        """
                          aload 1
                          getfield registers
                          aload 0
                          getfield p2
                          aload 1
                          aload 1
                          getfield registers
                          aload 0
                          getfield p0
                          laload
                          aload 0
                          getfield p1
                          ladd
                          invokevirtual load64
                          lastore
                          return
                        """);
    }

    @Test
    void compareAndBranchInOneUnit() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0x1000, 3),
                                new Op.ReadRegister(0),
                                new Op.ReadRegister(1),
                                new Op.Binary(BinaryKind.SUB, Width.W64, 1, 2),
                                new Op.SetFlags(FlagRule.SUB, Width.W64, 1, 2, 3),
                                new Op.Boundary(0x1003, 2),
                                new Op.Test(Condition.LESS),
                                new Op.Branch(6, 0x2000, 0x1005)));

        assertThat(Listing.of(Passes.optimise(unit)))
                .isEqualTo(
                        """
                          aload 1
                          getfield registers
                          aload 0
                          getfield p0
                          laload
                          lstore 2
                          aload 1
                          getfield registers
                          aload 0
                          getfield p1
                          laload
                          lstore 4
                          aload 1
                          lload 4
                          aload 1
                          lload 2
                          lload 4
                          lsub
                          putfield flagResult
                          putfield flagRight
                          aload 1
                          push 16387
                          putfield flagKind
                          lload 2
                          lload 4
                          lcmp
                          ifge L0
                          aload 1
                          aload 0
                          getfield p2
                          putfield pc
                          return
                        L0:
                          aload 1
                          aload 0
                          getfield p3
                          putfield pc
                          return
                        """);
    }
}
