package org.xenolith.platform;

import static org.xenolith.base.Sizes.PAGE_BYTES;
import static org.xenolith.base.Sizes.PAGE_SHIFT;

/// Where things are in the guest-physical address space of a PVH domain, as Xen's tools lay it out.
/// Addresses and sizes in bytes.
public final class PvhLayout {
    /// RAM that does not fit below continues at [#HIGH_RAM]: `HVM_BELOW_4G_RAM_END`
    /// (xen/include/public/hvm/e820.h).
    public static final long LOW_RAM_END = 0xF000_0000L;

    /// RAM above 4 GiB.
    public static final long HIGH_RAM = 1L << 32;

    /// The ACPI tables: `ACPI_INFO_PHYSICAL_ADDRESS` (tools/libs/light/libxl_arch.h).
    public static final long ACPI_TABLES = 0xFC00_0000L;

    /// How much the ACPI tables may take: up to the I/O APIC's customary page.
    public static final long ACPI_TABLES_BYTES_MAX = 0x00C0_0000L;

    /// The local APIC's page, of each vCPU its own (SDM vol. 3A, 11.4.1).
    public static final long LOCAL_APIC = 0xFEE0_0000L;

    /// `X86_HVM_NR_SPECIAL_PAGES` pages that end at `X86_HVM_END_SPECIAL_REGION`
    /// (tools/include/xenguest.h).
    public static final long SPECIAL_PAGES = 0xFEFF_8000L;

    /// COM1.
    public static final int SERIAL_PORT = 0x3F8;

    /// `XEN_HVM_DEBUGCONS_IOPORT`.
    public static final int DEBUG_PORT = 0xE9;

    private PvhLayout() {}

    /// The pages that the hypervisor puts at [#SPECIAL_PAGES], in their order there
    /// (tools/libs/guest/xg_dom_x86.c).
    public enum SpecialPage {
        PAGING,
        ACCESS,
        SHARING,
        BUFFERED_IO_REQUESTS,
        XENSTORE,
        IO_REQUESTS,
        IDENTITY_PAGE_TABLE,
        CONSOLE;

        /// Its guest frame number.
        public long gfn() {
            return (SPECIAL_PAGES >> PAGE_SHIFT) + ordinal();
        }

        /// Its guest-physical address.
        public long address() {
            return gfn() << PAGE_SHIFT;
        }
    }

    /// How many bytes the special pages take.
    public static final long SPECIAL_PAGES_BYTES = (long) SpecialPage.values().length * PAGE_BYTES;

    /// The local APIC's id of a vCPU, which CPUID and ACPI must show too. Xen leaves every other id
    /// free, for hyper-threads.
    public static int apicId(int vcpu) {
        return vcpu * 2;
    }
}
