package org.xenolith.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Bug;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;

class SlabsTest {
    private static final int SLAB = Slabs.SLAB_BYTES;

    private static void use(Slabs slabs, int count) {
        for (int i = 0; i < count; i++) {
            slabs.reserve(SLAB);
        }
        slabs.clear();
    }

    @Test
    void whatIsReservedKeepsItsContentAndNothingStraddlesTwoSlabs() {
        try (var slabs = new Slabs()) {
            int piece = 3 * SLAB / 7;
            var places = new ArrayList<Long>();
            for (int i = 0; i < 9; i++) {
                long at = slabs.reserve(piece);
                assertThat(at / SLAB).isEqualTo((at + piece - 1) / SLAB);
                slabs.slice(at, piece).fill((byte) i);
                places.add(at);
            }
            for (int i = 0; i < 9; i++) {
                var content = slabs.slice(places.get(i), piece).toArray(ValueLayout.JAVA_BYTE);
                assertThat(content).containsOnly(i);
            }
            assertThat(slabs.bytes()).isEqualTo(4L * SLAB + piece);
            assertThat(slabs.capacity()).isEqualTo(5L * SLAB);
        }
    }

    @Test
    void aSlabIsFilledToItsEnd() {
        try (var slabs = new Slabs()) {
            assertThat(slabs.reserve(SLAB)).isZero();
            assertThat(slabs.reserve(1)).isEqualTo(SLAB);
            assertThat(slabs.leftInSlab()).isEqualTo(SLAB - 1);
            assertThat(slabs.reserve(SLAB - 1)).isEqualTo(SLAB + 1);
            assertThat(slabs.leftInSlab()).isEqualTo(SLAB);
        }
    }

    @Test
    void whatIsPreparedIsReservedWithoutTheHost() {
        try (var slabs = new Slabs()) {
            slabs.prepare(2L * SLAB + 1);
            assertThat(slabs.capacity()).isEqualTo(3L * SLAB);
            assertThat(slabs.bytes()).isZero();
            use(slabs, 3);
            assertThat(slabs.capacity()).isEqualTo(3L * SLAB);
            slabs.prepare(SLAB); // it is there
            assertThat(slabs.capacity()).isEqualTo(3L * SLAB);
        }
    }

    @Test
    void whatWasNotNeededForAWhileIsGivenBack() {
        try (var slabs = new Slabs()) {
            use(slabs, 8);
            for (int i = 1; i < Slabs.USES_KEPT; i++) {
                assertThat(slabs.capacity()).isEqualTo(8L * SLAB);
                use(slabs, i == 100 ? 3 : 2);
            }
            assertThat(slabs.capacity()).as("eight were needed").isEqualTo(8L * SLAB);
            for (int i = 0; i < Slabs.USES_KEPT; i++) {
                use(slabs, i == 100 ? 3 : 2);
            }
            assertThat(slabs.capacity()).isEqualTo(3L * SLAB);
        }
    }

    @Test
    void whatIsClosedMayBeUsedAgain() {
        var slabs = new Slabs();
        use(slabs, 2);
        slabs.close();
        assertThat(slabs.capacity()).isZero();
        assertThat(slabs.reserve(10)).isZero();
        slabs.close();
    }

    @Test
    void noPieceIsLargerThanASlabOrEmpty() {
        try (var slabs = new Slabs()) {
            assertThatThrownBy(() -> slabs.reserve(SLAB + 1)).isInstanceOf(Bug.class);
            assertThatThrownBy(() -> slabs.reserve(0)).isInstanceOf(Bug.class);
        }
    }
}
