package org.xenolith.platform;

import static org.xenolith.base.Sizes.PAGE_BYTES;
import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.base.Bug;
import org.xenolith.memory.GuestMemory;

import java.util.ArrayList;
import java.util.List;

/// What a guest is told of its physical address space (the PC's e820 map): ranges of whole pages,
/// ascending, without overlap. What is in no range is a hole.
public record MemoryMap(List<Range> ranges) {
    /// The most RAM that a machine can have: what fits into its address space without the hole.
    public static final long RAM_BYTES_MAX =
            (1L << GuestMemory.PHYSICAL_ADDRESS_BITS)
                    - (PvhLayout.HIGH_RAM - PvhLayout.LOW_RAM_END);

    public MemoryMap {
        ranges = List.copyOf(ranges);
        long end = 0;
        for (var range : ranges) {
            if (range.address < end) {
                throw new IllegalArgumentException("ranges of a memory map overlap or descend");
            }
            end = range.end();
        }
    }

    /// The type of a range; the values are `XEN_HVM_MEMMAP_TYPE_*`
    /// (xen/include/public/arch-x86/hvm/start_info.h), which are also those of e820.
    public enum Type {
        RAM(1),
        RESERVED(2),
        ACPI(3),
        NVS(4);

        private final int value;

        Type(int value) {
            this.value = value;
        }

        public int value() {
            return value;
        }
    }

    /// `bytes` from `address`, both multiples of a page.
    public record Range(long address, long bytes, Type type) {
        public Range {
            if (address < 0 || bytes <= 0 || ((address | bytes) & (PAGE_BYTES - 1)) != 0) {
                throw new IllegalArgumentException("a range of a memory map is whole pages");
            }
        }

        /// The address behind it.
        public long end() {
            return address + bytes;
        }
    }

    /// The map of a PVH domain with `ramBytes` of RAM and its ACPI tables, as libxl makes it
    /// (`domain_construct_memmap`).
    public static MemoryMap pvh(long ramBytes, AcpiTables acpi) {
        if (ramBytes > RAM_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a machine cannot have more than " + RAM_BYTES_MAX + " bytes of RAM");
        }
        var ranges = new ArrayList<Range>();
        long low = Math.min(ramBytes, PvhLayout.LOW_RAM_END);
        ranges.add(new Range(0, low, Type.RAM));
        ranges.add(new Range(acpi.address(), acpi.pageBytes(), Type.NVS));
        ranges.add(
                new Range(PvhLayout.SPECIAL_PAGES, PvhLayout.SPECIAL_PAGES_BYTES, Type.RESERVED));
        if (ramBytes > low) {
            ranges.add(new Range(PvhLayout.HIGH_RAM, ramBytes - low, Type.RAM));
        }
        return new MemoryMap(ranges);
    }

    /// How many frames all ranges together need.
    public long frames() {
        return ranges.stream().mapToLong(range -> range.bytes >> PAGE_SHIFT).sum();
    }

    /// Gives every page of every range a frame. There must be [#frames] free ones.
    public void populate(GuestMemory memory) {
        for (var range : ranges) {
            long end = range.end() >> PAGE_SHIFT;
            for (long gfn = range.address >> PAGE_SHIFT; gfn < end; gfn++) {
                int frame = memory.allocateFrame();
                Bug.check(frame >= 0, "memory has a frame for every page of its map");
                memory.map(gfn, frame);
            }
        }
    }
}
