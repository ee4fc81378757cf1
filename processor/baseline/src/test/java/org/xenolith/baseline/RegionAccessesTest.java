package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.baseline.RegionRunner.PLACE;
import static org.xenolith.baseline.RegionRunner.block;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Width;
import org.xenolith.jit.TranslationCache;

import java.lang.foreign.ValueLayout;
import java.util.List;

/// Accesses to memory: pages that are waited for, addresses that are known or near each other.
class RegionAccessesTest {
    @AutoClose private final RegionRunner regions = new RegionRunner();

    private final ArenaContext context = regions.context();

    /// What a block has computed before it waits is there when it goes on.
    @Test
    void codeGoesOnWithinAnInstructionWhenThePageIsThere() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        context.withhold(page);
        context.supply(number -> number == 3);
        context.registers[1] = 40;
        context.registers[2] = page + 8;
        var add =
                block(
                        0x100,
                        new Op.Boundary(0x100, 4),
                        new Op.ReadRegister(1),
                        new Op.Const(Width.W64, 2),
                        new Op.Binary(BinaryKind.ADD, Width.W64, 1, 2),
                        new Op.ReadRegister(2),
                        new Op.Store(Width.W64, 4, 3),
                        new Op.Load(Width.W64, 4),
                        new Op.WriteRegister(3, 6),
                        new Op.Jump(0x104));

        assertThat(regions.run(100, add)).isEqualTo(99);
        assertThat(context.registers[3]).isEqualTo(42);
        assertThat(context.pc).isEqualTo(0x104);
        assertThat(context.supplied()).isEqualTo(1);
    }

    /// What lies near each other is looked for once; but while code waits for another page, the one
    /// that has been found may go elsewhere.
    @Test
    void aPageIsLookedForAnewWhenCodeHasWaited() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        int first = TranslationCache.first(0);
        context.withhold(page);
        context.supply(number -> {
            context.offsets[first] -= 4096;
            return number == 3;
        });
        context.registers[1] = 16;
        context.registers[2] = page;
        context.registers[3] = 0x0123_4567_89AB_CDEFL;
        context.memory.set(ValueLayout.JAVA_LONG, PLACE - 4096 + 8, 1);
        var stores =
                block(
                        0x100,
                        new Op.Boundary(0x100, 4),
                        new Op.ReadRegister(1),
                        new Op.ReadRegister(3),
                        new Op.Store(Width.W64, 1, 2),
                        new Op.ReadRegister(2),
                        new Op.Load(Width.W64, 4),
                        new Op.WriteRegister(4, 5),
                        new Op.Const(Width.W64, 8),
                        new Op.Binary(BinaryKind.SUB, Width.W64, 1, 7),
                        new Op.Store(Width.W64, 8, 2),
                        new Op.Jump(0x104));

        assertThat(regions.run(100, stores)).isEqualTo(99);
        assertThat(context.supplied()).isEqualTo(1);
        assertThat(context.memory.get(ValueLayout.JAVA_LONG, PLACE + 16))
                .isEqualTo(context.registers[3]);
        assertThat(context.memory.get(ValueLayout.JAVA_LONG, PLACE - 4096 + 8))
                .isEqualTo(context.registers[3]);
    }

    /// An address that code has in itself: its page is looked for as any other, wherever it is.
    @Test
    void whatIsAtAnAddressThatIsKnownIsFound() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        long at = 12L * 4096 + 24; // page 3, see ArenaContext
        var accesses =
                block(
                        0x100,
                        new Op.Boundary(0x100, 1),
                        new Op.Const(Width.W64, page + 24),
                        new Op.Load(Width.W32, 1),
                        new Op.WriteRegister(3, 2),
                        new Op.Boundary(0x101, 1),
                        new Op.ReadRegister(4),
                        new Op.Store(Width.W64, 1, 5),
                        new Op.Jump(0x102));
        List<Runnable> places =
                List.of(
                        () -> context.supply(_ -> true),
                        () -> context.displace(page),
                        () -> context.withhold(page));
        for (var place : places) {
            place.run();
            context.memory.set(ValueLayout.JAVA_LONG, at, 0x1_2345_6789L);
            context.registers[4] = -5;
            int before = context.supplied();
            assertThat(regions.run(100, accesses)).isEqualTo(98);
            assertThat(context.registers[3]).isEqualTo(0x2345_6789L);
            assertThat(context.memory.get(ValueLayout.JAVA_LONG, at)).isEqualTo(-5);
            assertThat(context.supplied() - before).isLessThanOrEqualTo(1);
        }
        context.supply(_ -> false);
        context.withhold(page);
        assertThat(regions.run(100, accesses)).isEqualTo(100);
        assertThat(context.pc).isEqualTo(0x100);
    }

    /// On two pages, which are not looked for.
    @Test
    void whatBeginsAtAnAddressThatIsKnownMayEndOnAnotherPage() {
        var load =
                block(
                        0x100,
                        new Op.Boundary(0x100, 1),
                        new Op.Const(Width.W64, 4093),
                        new Op.Load(Width.W32, 1),
                        new Op.WriteRegister(3, 2),
                        new Op.Jump(0x101));
        assertThat(regions.run(100, load)).isEqualTo(100);
        assertThat(context.pc).isEqualTo(0x100);
    }

    @Test
    void anAddressAtTheOtherEndOfAllIsNotNear() {
        context.registers[1] = 16;
        int left =
                regions.run(
                        100,
                        block(
                                0x100,
                                new Op.Boundary(0x100, 1),
                                new Op.ReadRegister(1),
                                new Op.Load(Width.W64, 1),
                                new Op.WriteRegister(2, 2),
                                new Op.Boundary(0x101, 1),
                                new Op.Const(Width.W64, Long.MIN_VALUE),
                                new Op.Binary(BinaryKind.ADD, Width.W64, 1, 5),
                                new Op.Load(Width.W64, 6),
                                new Op.WriteRegister(3, 7),
                                new Op.Jump(0x102)));

        assertThat(left).isEqualTo(99);
        assertThat(context.pc).isEqualTo(0x101);
    }

    /// Two addresses that are near each other, each made from a value that is as far away as can
    /// be, on either side.
    @Test
    void nearAddressesMayBeMadeFromValuesThatAreFar() {
        long far = (1L << 30) - 1;
        long page = 3L << TranslationCache.PAGE_SHIFT;
        for (int side : new int[] {1, -1}) {
            context.displace(page);
            context.registers[1] = page + 64;
            var loads =
                    block(
                            0x100,
                            new Op.Boundary(0x100, 1),
                            new Op.ReadRegister(1),
                            new Op.Const(Width.W64, side * (far + 1)),
                            new Op.Binary(BinaryKind.ADD, Width.W64, 1, 2),
                            new Op.WriteRegister(2, 3),
                            new Op.Const(Width.W64, -side * far),
                            new Op.Binary(BinaryKind.ADD, Width.W64, 3, 5),
                            new Op.Load(Width.W64, 6),
                            new Op.WriteRegister(4, 7),
                            new Op.Binary(BinaryKind.SUB, Width.W64, 1, 2),
                            new Op.WriteRegister(3, 9),
                            new Op.Const(Width.W64, side * far),
                            new Op.Binary(BinaryKind.ADD, Width.W64, 9, 11),
                            new Op.Load(Width.W64, 12),
                            new Op.WriteRegister(5, 13),
                            new Op.Jump(0x101));

            assertThat(regions.run(100, loads)).isEqualTo(99);
            long at = 12L * 4096 + 64; // page 3, see ArenaContext
            assertThat(context.registers[4])
                    .isEqualTo(context.memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + side));
            assertThat(context.registers[5])
                    .isEqualTo(context.memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at - side));
        }
    }

    /// A page is asked for as the access itself needs it, whatever others of its kind will do.
    @Test
    void aReadBeforeAWriteAsksForThePageToBeRead() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        context.withhold(page);
        context.supply(number -> number == 3);
        context.registers[1] = page;
        int left =
                regions.run(
                        100,
                        block(
                                0x100,
                                new Op.Boundary(0x100, 1),
                                new Op.ReadRegister(1),
                                new Op.Load(Width.W64, 1),
                                new Op.Boundary(0x101, 1),
                                new Op.Const(Width.W64, 8),
                                new Op.Binary(BinaryKind.ADD, Width.W64, 1, 4),
                                new Op.Store(Width.W64, 5, 2),
                                new Op.Jump(0x102)));

        assertThat(left).isEqualTo(98);
        assertThat(context.asked).containsExactly(false);
    }

    @Test
    void anInstructionThatMissesHasNotBegun() {
        context.registers[2] = 0x3_0000; // beyond all pages
        context.setFlags(Flags.ADD, 64, 0, 1, 1);
        int left =
                regions.run(
                        100,
                        block(
                                0x100,
                                new Op.Boundary(0x100, 1),
                                new Op.Const(Width.W64, 77),
                                new Op.WriteRegister(1, 1),
                                new Op.SetFlags(FlagRule.LOGIC, Width.W64, 1, 1, 1),
                                new Op.Boundary(0x101, 1),
                                new Op.ReadRegister(2),
                                new Op.Load(Width.W32, 5),
                                new Op.Convert(false, Width.W32, Width.W64, 6),
                                new Op.WriteRegister(1, 7),
                                new Op.SetFlags(FlagRule.LOGIC, Width.W32, 6, 6, 6),
                                new Op.Jump(0x102)));
        assertThat(left).isEqualTo(99);
        assertThat(context.pc).isEqualTo(0x101);
        assertThat(context.registers[1]).isEqualTo(77);
        assertThat(context.statusFlags()).isEqualTo(Flags.PF);
    }

    @Test
    void aConditionalStoreHappensOnlyIfMemoryHoldsWhatIsExpected() {
        context.memory.set(ValueLayout.JAVA_INT, PLACE + 8, 5);
        context.registers[1] = 5;
        var store =
                block(
                        0x100,
                        new Op.Boundary(0x100, 1),
                        new Op.Const(Width.W64, 8),
                        new Op.ReadRegister(1),
                        new Op.Convert(false, Width.W64, Width.W32, 2),
                        new Op.Const(Width.W32, 6),
                        new Op.StoreConditional(Width.W32, 1, 3, 4),
                        new Op.Jump(0x200));
        assertThat(regions.run(100, store)).isEqualTo(99);
        assertThat(context.memory.get(ValueLayout.JAVA_INT, PLACE + 8)).isEqualTo(6);
        assertThat(context.pc).isEqualTo(0x200);
        assertThat(regions.run(100, store)).isEqualTo(100);
        assertThat(context.memory.get(ValueLayout.JAVA_INT, PLACE + 8)).isEqualTo(6);
        assertThat(context.pc).isEqualTo(0x100);
    }
}
