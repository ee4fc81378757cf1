package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.baseline.RegionRunner.block;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Context;
import org.xenolith.ir.Enters;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Op;
import org.xenolith.ir.Width;
import org.xenolith.jit.Region;
import org.xenolith.jit.TranslationCache;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Pages that are found at their second place come to their first, and Java is told.
class RegionPlacesTest {
    @AutoClose private final RegionRunner regions = new RegionRunner();

    private final ArenaContext context = regions.context();

    public static final class Helpers {
        static final int VIEW = 1;
        static final int VIEW_SLOT = 30;

        private Helpers() {}

        @Enters(view = VIEW, slot = VIEW_SLOT)
        public static void enter(Context context, long special) {
            throw Abort.restart();
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

        assertThat(regions.run(100, load())).isEqualTo(99);
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

        assertThat(regions.run(100, load())).isEqualTo(99);
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

        assertThat(regions.run(100, load())).isEqualTo(99);
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

        assertThat(regions.run(100, access)).isEqualTo(99);
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
                assertThat(regions.run(100, access)).isEqualTo(100);
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

        assertThat(regions.run(100, load)).isEqualTo(100); // it has had no views, and says so
        assertThat(regions.run(100, load)).isEqualTo(98);
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
            assertThat(regions.run(100, load())).as("turn %d", turn).isEqualTo(99);
        }
        assertThat(moves()).hasSize(Frame.MOVES_MAX);

        context.registers[2] = Frame.MOVES_MAX % 2 == 0 ? page : other;
        assertThat(regions.run(100, load())).isEqualTo(99);
        assertThat(moves()).hasSize(1);
    }
}
