package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.platform.MemoryMap.Range;
import org.xenolith.platform.MemoryMap.Type;
import org.xenolith.platform.PvhLayout.SpecialPage;

import java.util.List;

class MemoryMapTest {
    private static final AcpiTables ACPI = AcpiTables.pvh(1, 1);

    @Test
    void littleRamLiesBelowTheHole() {
        assertThat(MemoryMap.pvh(256 * Sizes.MIB, ACPI).ranges())
                .containsExactly(
                        new Range(0, 256 * Sizes.MIB, Type.RAM),
                        new Range(0xFC00_0000L, Sizes.PAGE_BYTES, Type.NVS),
                        new Range(0xFEFF_8000L, 8 * Sizes.PAGE_BYTES, Type.RESERVED));
    }

    @Test
    void ramThatDoesNotFitBelowTheHoleContinuesAbove4Gib() {
        var ranges = MemoryMap.pvh(5 * Sizes.GIB, ACPI).ranges();
        assertThat(ranges.getFirst()).isEqualTo(new Range(0, 0xF000_0000L, Type.RAM));
        assertThat(ranges.getLast())
                .isEqualTo(new Range(1L << 32, 5 * Sizes.GIB - 0xF000_0000L, Type.RAM));
    }

    @Test
    void specialPagesAreWhereXenHasThem() {
        assertThat(SpecialPage.XENSTORE.gfn()).isEqualTo(0xFEFFCL);
        assertThat(SpecialPage.CONSOLE.gfn()).isEqualTo(0xFEFFFL);
    }

    @Test
    void everyPageOfAPopulatedMapHasAFrameAndTheHoleHasNone() {
        var map = MemoryMap.pvh(2 * Sizes.MIB, ACPI);
        try (var memory = GuestMemory.create((int) map.frames())) {
            map.populate(memory);
            assertThat(memory.freeFrameCount()).isZero();
            assertThat(memory.hostOffset(0)).isNotNegative();
            assertThat(memory.hostOffset(2 * Sizes.MIB)).isNegative();
            assertThat(memory.hostOffset(SpecialPage.CONSOLE.address())).isNotNegative();
            assertThat(memory.hostOffset(PvhLayout.LOCAL_APIC)).isNegative();
            ACPI.writeTo(memory);
            assertThat(memory.read(ACPI.rsdpAddress(), 8)).asString().isEqualTo("RSD PTR ");
        }
    }

    @Test
    void overlappingRangesAreRefused() {
        assertThatThrownBy(() ->
                        new MemoryMap(
                                List.of(
                                        new Range(0, 0x2000, Type.RAM),
                                        new Range(0x1000, 0x1000, Type.NVS))))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
