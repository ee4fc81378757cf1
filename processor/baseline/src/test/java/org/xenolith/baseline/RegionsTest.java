package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.ir.Abort;
import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.Enters;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Guard;
import org.xenolith.ir.Helper;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.jit.Region;
import org.xenolith.jit.TranslationCache;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// Loops, budgets, and the places where a region is left.
class RegionsTest {
    private static final int PLACE = 0xF000; // of page 0, see ArenaContext

    private final Arena arena = Arena.ofConfined();
    private final ArenaContext context = new ArenaContext(arena, new SplittableRandom(7));
    private MachineCodeCompiler compiler;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(MachineCodeCompiler.isSupported());
        compiler = new MachineCodeCompiler(false, 1 << 16);
        context.allowFirstPage();
    }

    @AfterEach
    void end() {
        if (compiler != null) {
            compiler.close();
        }
        arena.close();
    }

    private static Region.Block block(long pc, Op... ops) {
        return new Region.Block(pc, new Unit(List.of(ops)), List.of(), 1);
    }

    private int run(int budget, Region.Block... blocks) {
        return run(budget, compiler.compile(new Region(List.of(blocks))).orElseThrow());
    }

    private int run(int budget, CompiledRegion code) {
        return code.run(context, context.readTags, context.writeTags, context.offsets, budget);
    }

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
        assertThat(run(1000, countdown())).isEqualTo(1000 - 20);
        assertThat(context.registers[1]).isZero();
        assertThat(context.pc).isEqualTo(0x106);
        assertThat(context.statusFlags()).isEqualTo(Flags.ZF | Flags.PF);
    }

    @Test
    void aLoopIsLeftWhereItClosesWhenTheBudgetIsUsedUp() {
        context.registers[1] = 1000;
        assertThat(run(5, countdown())).isEqualTo(-1);
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
                compiler.compile(
                                new Region(
                                        List.of(
                                                block(
                                                        0x100,
                                                        new Op.Boundary(0x100, 2),
                                                        new Op.Test(Condition.BELOW),
                                                        new Op.Test(Condition.NOT_BELOW),
                                                        new Op.Convert(
                                                                false, Width.W8, Width.W64, 1),
                                                        new Op.Convert(
                                                                false, Width.W8, Width.W64, 2),
                                                        new Op.WriteRegister(4, 3),
                                                        new Op.WriteRegister(5, 4),
                                                        new Op.Jump(0x102)))))
                        .orElseThrow();
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
                run(100, code);
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
        var regions =
                List.of(
                        new Region(List.of(leaving)),
                        new Region(List.of(looping)),
                        new Region(List.of(leaving), 9),
                        new Region(List.of(looping), 9));
        for (var region : regions) {
            var code = compiler.compile(region).orElseThrow();
            for (long target : new long[] {near, far, near + 1, far - 1, 0x200, entry}) {
                for (int budget : new int[] {1, 5}) {
                    boolean loops = target == entry && region.blocks().contains(looping);
                    context.pc = entry;
                    context.registers[2] = target;
                    int left = run(budget, code);
                    assertThat(left).isBetween(loops ? -1 : budget - 1, loops ? 0 : budget - 1);
                    assertThat(context.pc).isEqualTo(target);
                }
            }
        }
    }

    /// A load of eight bytes at what register 2 holds, into register 1.
    private static Region.Block load() {
        return block(
                0x100,
                new Op.Boundary(0x100, 1),
                new Op.ReadRegister(2),
                new Op.Load(Width.W64, 1),
                new Op.WriteRegister(1, 2),
                new Op.Jump(0x101));
    }

    private record Move(int view, int from, int first, int to) {}

    private List<Move> moves() {
        var told = new ArrayList<Move>();
        MachineRegion.tellMoves(
                context, (view, from, first, to) -> told.add(new Move(view, from, first, to)));
        return told;
    }

    /// Both pages can be found afterwards, and whoever keeps the translations is told.
    @Test
    void aPageThatIsFoundAtItsSecondPlaceComesToItsFirst() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        int first = TranslationCache.first(page);
        int second = TranslationCache.second(page);
        context.displace(page);
        long other = context.readTags[first];
        long[] arrays = {context.writeTags[first], context.offsets[first]};
        long offset = context.offsets[second];
        context.writeTags[second] = TranslationCache.EMPTY; // may be read only
        context.registers[2] = page + 8;

        assertThat(run(100, load())).isEqualTo(99);
        int to = TranslationCache.second(other);
        assertThat(moves()).containsExactly(new Move(0, second, first, to));
        assertThat(moves()).isEmpty();
        assertThat(context.readTags[first]).isEqualTo(page);
        assertThat(context.writeTags[first]).isEqualTo(TranslationCache.EMPTY);
        assertThat(context.offsets[first]).isEqualTo(offset);
        assertThat(context.readTags[to]).isEqualTo(other);
        assertThat(context.writeTags[to]).isEqualTo(arrays[0]);
        assertThat(context.offsets[to]).isEqualTo(arrays[1]);
        assertThat(to == second || context.readTags[second] == TranslationCache.EMPTY).isTrue();

        assertThat(run(100, load())).isEqualTo(99);
        assertThat(moves()).isEmpty();
    }

    @Test
    void aPageComesToAFirstPlaceThatIsFree() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        int first = TranslationCache.first(page);
        int second = TranslationCache.second(page);
        context.displace(page);
        context.readTags[first] = TranslationCache.EMPTY;
        context.writeTags[first] = TranslationCache.EMPTY;
        context.registers[2] = page + 8;

        assertThat(run(100, load())).isEqualTo(99);
        assertThat(moves()).containsExactly(new Move(0, second, first, second));
        assertThat(context.readTags[first]).isEqualTo(page);
        assertThat(context.writeTags[first]).isEqualTo(page);
        assertThat(context.readTags[second]).isEqualTo(TranslationCache.EMPTY);
        assertThat(context.writeTags[second]).isEqualTo(TranslationCache.EMPTY);
    }

    /// To read and to write eight bytes of page 3, at an address that is computed or known.
    private static Stream<Region.Block> accesses() {
        long address = (3L << TranslationCache.PAGE_SHIFT) + 24;
        var addresses = List.of(new Op.ReadRegister(2), new Op.Const(Width.W64, address));
        return addresses.stream()
                .flatMap(at ->
                        Stream.of(
                                block(
                                        0x100,
                                        new Op.Boundary(0x100, 1),
                                        at,
                                        new Op.Load(Width.W64, 1),
                                        new Op.WriteRegister(3, 2),
                                        new Op.Jump(0x101)),
                                block(
                                        0x100,
                                        new Op.Boundary(0x100, 1),
                                        at,
                                        new Op.ReadRegister(3),
                                        new Op.Store(Width.W64, 1, 2),
                                        new Op.Jump(0x101))));
    }

    @ParameterizedTest
    @MethodSource("accesses")
    void anyAccessBringsItsPageToItsFirstPlace(Region.Block access) {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        int first = TranslationCache.first(page);
        int second = TranslationCache.second(page);
        long at = 12L * 4096 + 24; // page 3, see ArenaContext
        context.displace(page);
        int to = TranslationCache.second(context.readTags[first]);
        context.registers[2] = page + 24;
        context.registers[3] = 0x0123_4567_89AB_CDEFL;

        assertThat(run(100, access)).isEqualTo(99);
        assertThat(moves()).containsExactly(new Move(0, second, first, to));
        assertThat(context.readTags[first]).isEqualTo(page);
        assertThat(context.writeTags[first]).isEqualTo(page);
        assertThat(context.registers[3]).isEqualTo(context.memory.get(ValueLayout.JAVA_LONG, at));
    }

    /// It may be read at its second place, but code waits until it may be written.
    @Test
    void aPageThatMayNotBeWrittenDoesNotMoveForAWrite() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        int second = TranslationCache.second(page);
        context.displace(page);
        context.writeTags[second] = TranslationCache.EMPTY;
        context.registers[2] = page + 24;

        for (var access : accesses().toList()) {
            boolean writes = access.unit().ops().stream().anyMatch(Op.Store.class::isInstance);
            if (writes) {
                assertThat(run(100, access)).isEqualTo(100);
                assertThat(moves()).isEmpty();
                assertThat(context.readTags[second]).isEqualTo(page);
            }
        }
    }

    /// The view that code has changed to, not the one that it was called in.
    @Test
    void aMoveIsToldWithTheViewThatItHasHappenedIn() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        int first = TranslationCache.first(page);
        context.displace(page);
        long other = context.readTags[first];
        long[] readTags = context.readTags.clone();
        long[] writeTags = context.writeTags.clone();
        long[] offsets = context.offsets.clone();
        MachineRegion.see(context, 0, context.readTags, context.writeTags, context.offsets);
        MachineRegion.see(context, Helpers.VIEW, readTags, writeTags, offsets);
        MachineRegion.see(context, 2, readTags.clone(), writeTags.clone(), offsets.clone());
        context.registers[2] = page;
        var load =
                block(
                        0x100,
                        new Op.Boundary(0x100, 1),
                        new Op.Const(Width.W64, 0),
                        new Op.Call(Helper.named(Helpers.class, "enter"), List.of(1)),
                        new Op.Boundary(0x101, 1),
                        new Op.ReadRegister(2),
                        new Op.Load(Width.W64, 4),
                        new Op.Jump(0x102));

        assertThat(run(100, load)).isEqualTo(100); // it has had no views, and says so
        assertThat(run(100, load)).isEqualTo(98);
        assertThat(context.registers[Helpers.VIEW_SLOT]).isEqualTo(Helpers.VIEW);
        int to = TranslationCache.second(other);
        assertThat(moves())
                .containsExactly(new Move(Helpers.VIEW, TranslationCache.second(page), first, to));
        assertThat(readTags[first]).isEqualTo(page);
        assertThat(context.readTags[first]).isEqualTo(other);
    }

    /// Two pages in turn, for longer than can be noted: they are found all the same.
    @Test
    void pagesStayWhereTheyAreWhenNoMoreMovesCanBeNoted() {
        long page = 3L << TranslationCache.PAGE_SHIFT;
        context.displace(page);
        long other = context.readTags[TranslationCache.first(page)];
        for (int turn = 0; turn < Frame.MOVES_MAX + 10; turn++) {
            context.registers[2] = turn % 2 == 0 ? page : other;
            assertThat(run(100, load())).as("turn %d", turn).isEqualTo(99);
        }
        assertThat(moves()).hasSize(Frame.MOVES_MAX);

        context.registers[2] = Frame.MOVES_MAX % 2 == 0 ? page : other;
        assertThat(run(100, load())).isEqualTo(99);
        assertThat(moves()).hasSize(1);
    }

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

        assertThat(run(100, add)).isEqualTo(99);
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

        assertThat(run(100, stores)).isEqualTo(99);
        assertThat(context.supplied()).isEqualTo(1);
        assertThat(context.memory.get(ValueLayout.JAVA_LONG, PLACE + 16))
                .isEqualTo(context.registers[3]);
        assertThat(context.memory.get(ValueLayout.JAVA_LONG, PLACE - 4096 + 8))
                .isEqualTo(context.registers[3]);
    }

    public static final class Helpers {
        static final int VIEW = 1;
        static final int VIEW_SLOT = 30;

        private Helpers() {}

        @Enters(view = VIEW, slot = VIEW_SLOT)
        public static void enter(Context context, long special) {
            throw Abort.restart();
        }

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
        var check = compiler.compile(new Region(List.of(checking))).orElseThrow();
        for (int bit = 0; bit < Long.SIZE; bit++) {
            for (long number : new long[] {1L << bit, (1L << bit) - 1, -1L << bit, ~(-1L << bit)}) {
                context.registers[1] = number;
                context.pc = 0;
                assertThat(run(100, check)).isEqualTo(Helpers.fits(number) ? 99 : 100);
                assertThat(context.pc).isEqualTo(Helpers.fits(number) ? pc + 1 : pc);
            }
        }
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
            assertThat(run(100, accesses)).isEqualTo(98);
            assertThat(context.registers[3]).isEqualTo(0x2345_6789L);
            assertThat(context.memory.get(ValueLayout.JAVA_LONG, at)).isEqualTo(-5);
            assertThat(context.supplied() - before).isLessThanOrEqualTo(1);
        }
        context.supply(_ -> false);
        context.withhold(page);
        assertThat(run(100, accesses)).isEqualTo(100);
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
        assertThat(run(100, load)).isEqualTo(100);
        assertThat(context.pc).isEqualTo(0x100);
    }

    @Test
    void anAddressAtTheOtherEndOfAllIsNotNear() {
        context.registers[1] = 16;
        int left =
                run(
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

            assertThat(run(100, loads)).isEqualTo(99);
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
                run(
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
                run(
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
        assertThat(run(100, store)).isEqualTo(99);
        assertThat(context.memory.get(ValueLayout.JAVA_INT, PLACE + 8)).isEqualTo(6);
        assertThat(context.pc).isEqualTo(0x200);
        assertThat(run(100, store)).isEqualTo(100);
        assertThat(context.memory.get(ValueLayout.JAVA_INT, PLACE + 8)).isEqualTo(6);
        assertThat(context.pc).isEqualTo(0x100);
    }

    @Test
    void flagsAtTheEntryAreTestedWhateverTheyAre() {
        for (var condition : Condition.values()) {
            context.setFlags(Flags.SHL, 16, 0x8123, 1, 0x0246);
            boolean holds = context.test(condition.ordinal());
            run(
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
        var code = compiler.compile(new Region(List.of(countdown()))).orElseThrow();
        compiler.reset();
        int left = code.run(context, context.readTags, context.writeTags, context.offsets, 100);
        assertThat(left).isEqualTo(100);
        assertThat(context.registers[1]).isEqualTo(10);
        assertThat(context.pc).isEqualTo(0x100);
    }

    // ---------------------------------------------------------------- MXCSR

    private static final int CONTROL = RandomVectors.CONTROL;
    private static final int VECTOR = 2;
    private static final int DIVISOR = 4;
    private static final int EXCEPTIONS = 0x3F;

    /// `divsd v1, v2`, which rounds as MXCSR says.
    private static Region.Block division() {
        return block(
                0x100,
                new Op.Boundary(0x100, 4),
                host(
                        new HostInstruction.Opcode(0xF2, 1, 0x5E, 0, CONTROL),
                        new HostInstruction.Part.Vector(1, VECTOR, HostInstruction.Use.BOTH),
                        new HostInstruction.Part.Vector(2, DIVISOR, HostInstruction.Use.READ),
                        Op.Host.NONE),
                new Op.Jump(0x104));
    }

    private static Op.Host host(
            HostInstruction.Opcode opcode,
            HostInstruction.Part reg,
            HostInstruction.Part rm,
            int address) {
        var instruction =
                new HostInstruction(opcode, false, reg, rm, OptionalInt.empty(), List.of());
        return new Op.Host(instruction, address, Op.Host.NONE);
    }

    private int divide(double left, double right, int control) {
        context.registers[VECTOR] = Double.doubleToRawLongBits(left);
        context.registers[DIVISOR] = Double.doubleToRawLongBits(right);
        context.registers[CONTROL] = control;
        return run(100, division());
    }

    @Test
    void numbersAreRoundedAsTheGuestsControlSays() {
        assertThat(divide(1, 3, 0x1F80)).isEqualTo(99);
        assertThat(context.registers[VECTOR]).isEqualTo(0x3FD5_5555_5555_5555L);
        divide(1, 3, 0x5F80); // towards positive infinity
        assertThat(context.registers[VECTOR]).isEqualTo(0x3FD5_5555_5555_5556L);
    }

    @Test
    void exceptionsJoinThoseOfTheGuest() {
        divide(1, 3, 0x1F81);
        assertThat(context.registers[CONTROL]).isEqualTo(0x1FA1); // precision, invalid before
        divide(1, 0, 0x1F80);
        assertThat(context.registers[CONTROL]).isEqualTo(0x1F84);
    }

    @Test
    void anExceptionThatIsNotMaskedKeepsTheRegionFromBeingEntered() {
        assertThat(divide(6, 3, 0x1F80 & ~0x200)).isEqualTo(100);
        assertThat(context.registers[VECTOR]).isEqualTo(Double.doubleToRawLongBits(6));
        assertThat(context.registers[CONTROL]).isEqualTo(0x1F80 & ~0x200);
        assertThat(context.pc).isEqualTo(0x100);
        assertThat(controlOfTheHost()).isEqualTo(0x1F80);
    }

    @Test
    void theHostHasItsOwnControlAgainAfterARegion() {
        divide(1, 0, 0xFF80);
        assertThat(controlOfTheHost()).isEqualTo(0x1F80);
    }

    /// By a region that stores it as it finds it; exceptions are those of Java code.
    private int controlOfTheHost() {
        run(
                100,
                block(
                        0x200,
                        new Op.Boundary(0x200, 4),
                        new Op.Const(Width.W64, 8),
                        host(
                                new HostInstruction.Opcode(0, 1, 0xAE, 0, -1),
                                new HostInstruction.Part.Digit(3),
                                new HostInstruction.Part.Memory(4, true),
                                1),
                        new Op.Jump(0x204)));
        return context.memory.get(ValueLayout.JAVA_INT, PLACE + 8) & ~EXCEPTIONS;
    }

    @Test
    void anInstructionThatTheHostLacksIsNotDone() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0x100, 4),
                                host(
                                        new HostInstruction.Opcode(0x66, 2, 0xDC, 1 << 25, -1),
                                        new HostInstruction.Part.Vector(
                                                1, VECTOR, HostInstruction.Use.BOTH),
                                        new HostInstruction.Part.Vector(
                                                2, DIVISOR, HostInstruction.Use.READ),
                                        Op.Host.NONE)));
        assertThat(Support.canDo(unit, 1 << 25)).isTrue();
        assertThat(Support.canDo(unit, ~(1 << 25))).isFalse();
    }
}
