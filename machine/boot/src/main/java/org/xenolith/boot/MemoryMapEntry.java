package org.xenolith.boot;

/// One range of the guest's memory map (`struct hvm_memmap_table_entry`,
/// xen/include/public/arch-x86/hvm/start_info.h). Address and length in bytes.
public record MemoryMapEntry(long address, long bytes, Type type) {
    public MemoryMapEntry {
        if (address < 0 || bytes < 0 || address + bytes < 0) {
            throw new IllegalArgumentException("a memory range ends below 2^63");
        }
    }

    /// `XEN_HVM_MEMMAP_TYPE_*`, which are ACPI's address range types.
    public enum Type {
        RAM(1),
        RESERVED(2),
        ACPI(3),
        NVS(4),
        UNUSABLE(5),
        DISABLED(6),
        PMEM(7);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        /// The number in the guest's table.
        public int number() {
            return number;
        }
    }

    /// The first address behind the range.
    public long end() {
        return address + bytes;
    }
}
