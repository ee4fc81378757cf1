package org.xenolith.platform;

import static org.xenolith.platform.Aml.concatenate;
import static org.xenolith.platform.Aml.define;
import static org.xenolith.platform.Aml.device;
import static org.xenolith.platform.Aml.field;
import static org.xenolith.platform.Aml.integer;
import static org.xenolith.platform.Aml.memoryRegion;
import static org.xenolith.platform.Aml.method;
import static org.xenolith.platform.Aml.name;
import static org.xenolith.platform.Aml.returns;
import static org.xenolith.platform.Aml.scope;
import static org.xenolith.platform.Aml.string;
import static org.xenolith.platform.Aml.toBuffer;
import static org.xenolith.platform.Aml.when;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// The ACPI tables of a PVH domain, in the form that Xen's libacpi gives them: RSDP, RSDT with a
/// FADT of revision 1, XSDT with one of revision 5, FACS, DSDT, MADT. There is no PM timer, no
/// 8042, no VGA, no CMOS clock and no I/O APIC; power is switched off by `SCHEDOP_shutdown`, so
/// nobody answers at the PM1 ports that the FADT must name.
///
/// @param address where the content belongs in guest-physical memory, and where the RSDP is
/// @param content all tables
/// @param parts where each table begins in the content, by signature
public record AcpiTables(long address, Bytes content, List<Part> parts) {
    /// Processors that the tables can describe.
    public static final int PROCESSORS_MAX = 4096;

    private static final int HEADER_BYTES = 36;
    private static final int RSDP_BYTES = 36;
    private static final int RSDP_BYTES_1_0 = 20;
    private static final int MADT_HEAD_BYTES = HEADER_BYTES + 8;
    private static final int LOCAL_APIC_BYTES = 8;
    private static final int LOCAL_X2APIC_BYTES = 16;

    // Ports of the FADT: ACPI_*_ADDRESS_V1 of xen/include/public/hvm/ioreq.h.
    private static final int PM1A_EVENT = 0xB000;
    private static final int PM1A_CONTROL = 0xB004;
    private static final int GPE0 = 0xAFE0;
    private static final int RESET = 0xCF9;

    /// Latencies beyond 100 and 1000 µs say that there is neither C2 nor C3.
    private static final int NO_C2_NO_C3 = 0x0FFF;

    // FADT fixed feature flags (ACPI 5.2.9, table 5.10), as libacpi sets them.
    private static final int WBINVD = 1 << 0;
    private static final int PROC_C1 = 1 << 2;
    private static final int NO_POWER_BUTTON = 1 << 4;
    private static final int NO_SLEEP_BUTTON = 1 << 5;
    private static final int NO_FIXED_RTC = 1 << 6;
    private static final int TIMER_32_BITS = 1 << 8;
    private static final int USE_PLATFORM_CLOCK = 1 << 15;
    private static final int FEATURES =
            WBINVD | PROC_C1 | NO_FIXED_RTC | TIMER_32_BITS | USE_PLATFORM_CLOCK;

    // FADT boot architecture flags.
    private static final int NO_VGA = 1 << 2;
    private static final int NO_CMOS_RTC = 1 << 5;

    /// APIC ids from here on, and processor uids, need an x2APIC entry (ACPI 5.2.12.12).
    private static final int X2APIC_FROM = 255;

    /// A processor; `uid` is its number in the namespace. One that is not `enabled` may be brought
    /// up later.
    public record Processor(int uid, int apicId, boolean enabled) {
        public Processor {
            if (uid < 0 || uid >= PROCESSORS_MAX || apicId < 0) {
                throw new IllegalArgumentException("processor " + uid + " cannot be described");
            }
        }

        boolean needsX2apic() {
            return apicId >= X2APIC_FROM || uid >= X2APIC_FROM;
        }

        int entryBytes() {
            return needsX2apic() ? LOCAL_X2APIC_BYTES : LOCAL_APIC_BYTES;
        }
    }

    /// A table: its signature, its offset in the content and its length.
    public record Part(String signature, int offset, int bytes) {}

    public AcpiTables {
        parts = List.copyOf(parts);
    }

    /// The tables of a machine with processors 0 to `vcpusMax` - 1, of which the first
    /// `vcpusOnline` are enabled, at their customary place.
    public static AcpiTables pvh(int vcpusMax, int vcpusOnline) {
        return build(
                PvhLayout.ACPI_TABLES,
                IntStream.range(0, vcpusMax)
                        .mapToObj(id -> new Processor(id, PvhLayout.apicId(id), id < vcpusOnline))
                        .toList());
    }

    /// Tables to be placed at `address`, below 4 GiB and a multiple of a page.
    public static AcpiTables build(long address, List<Processor> processors) {
        if (address <= 0 || address >>> 32 != 0 || (address & (Sizes.PAGE_BYTES - 1)) != 0) {
            throw new IllegalArgumentException("ACPI tables lie on a page below 4 GiB");
        }
        return new Builder(address).build(processors);
    }

    /// The guest-physical address of the Root System Description Pointer, for `hvm_start_info`.
    public long rsdpAddress() {
        return address;
    }

    /// How many bytes the pages take that hold the tables.
    public long pageBytes() {
        return Sizes.pageAlignUp(content.length());
    }

    /// Copies the tables to their place, whose pages must have frames.
    public void writeTo(GuestMemory memory) {
        Bug.check(memory.write(address, content.toArray()), "ACPI tables have memory to lie in");
    }

    /// Lays the tables out one after the other; each knows the addresses of those before it, so the
    /// RSDP, which is first, is filled in last.
    private static final class Builder {
        private final long address;
        private final LittleEndian content = new LittleEndian().zeros(RSDP_BYTES);
        private final ArrayList<Part> parts = new ArrayList<>();

        Builder(long address) {
            this.address = address;
        }

        AcpiTables build(List<Processor> processors) {
            parts.add(new Part("RSD PTR ", 0, RSDP_BYTES));
            long facs = add("FACS", 64, facs());
            long madt = add("APIC", 16, madt(processors));
            long dsdt = add("DSDT", 16, dsdt(processors, madt));
            long fadt1 = add("FACP", 16, table("FACP", 1, fadtRevision1(facs, dsdt)));
            long fadt5 = add("FACP", 16, table("FACP", 5, fadtRevision5(facs, dsdt)));
            var rsdtBody = new LittleEndian().int32(fadt1).int32(madt).toArray();
            long rsdt = add("RSDT", 16, table("RSDT", 1, rsdtBody));
            var xsdtBody = new LittleEndian().int64(fadt5).int64(madt).toArray();
            long xsdt = add("XSDT", 16, table("XSDT", 1, xsdtBody));
            var all = content.toArray();
            System.arraycopy(rsdp(rsdt, xsdt), 0, all, 0, RSDP_BYTES);
            return new AcpiTables(address, Bytes.of(all), parts);
        }

        private long add(String signature, int alignment, byte[] table) {
            content.align(alignment);
            int offset = content.size();
            parts.add(new Part(signature, offset, table.length));
            content.append(table);
            return address + offset;
        }
    }

    /// Root System Description Pointer (ACPI 5.2.5.3): two checksums.
    private static byte[] rsdp(long rsdt, long xsdt) {
        var bytes =
                new LittleEndian()
                        .text("RSD PTR ", 8)
                        .int8(0)
                        .text("Xen", 6)
                        .int8(2)
                        .int32(rsdt)
                        .int32(RSDP_BYTES)
                        .int64(xsdt)
                        .zeros(4)
                        .toArray();
        bytes[8] = checksum(bytes, RSDP_BYTES_1_0);
        bytes[32] = checksum(bytes, RSDP_BYTES);
        return bytes;
    }

    /// Firmware ACPI Control Structure (ACPI 5.2.10), which has no checksum.
    private static byte[] facs() {
        return new LittleEndian().text("FACS", 4).int32(64).zeros(24).int8(1).zeros(31).toArray();
    }

    /// Multiple APIC Description Table (ACPI 5.2.12); processor entries only.
    private static byte[] madt(List<Processor> processors) {
        var body = new LittleEndian().int32(PvhLayout.LOCAL_APIC).int32(1);
        for (var processor : processors) {
            int flags = processor.enabled ? 1 : 0;
            if (processor.needsX2apic()) {
                body.int8(9).int8(LOCAL_X2APIC_BYTES).int16(0);
                body.int32(processor.apicId).int32(flags).int32(processor.uid);
            } else {
                body.int8(0).int8(LOCAL_APIC_BYTES).int8(processor.uid).int8(processor.apicId);
                body.int32(flags);
            }
        }
        return table("APIC", 2, body.toArray());
    }

    /// Differentiated System Description Table: processor devices, whose `_MAT` and `_STA` read
    /// their MADT entries, so that what is written there is what the guest finds.
    private static byte[] dsdt(List<Processor> processors, long madt) {
        var devices = new LittleEndian();
        long entry = madt + MADT_HEAD_BYTES;
        for (var processor : processors) {
            devices.append(processorDevice(processor, entry));
            entry += processor.entryBytes();
        }
        return table("DSDT", 5, scope("\\_SB", devices.toArray()));
    }

    private static byte[] processorDevice(Processor processor, long entry) {
        int bits = processor.entryBytes() * 8;
        int flagsAt = processor.needsX2apic() ? 64 : 32;
        return device(
                "C%03X".formatted(processor.uid),
                define("_HID", string("ACPI0007")),
                define("_UID", integer(processor.uid)),
                memoryRegion("MATR", entry, processor.entryBytes()),
                field("MATR", "MAT", 0, bits),
                field("MATR", "FLG", flagsAt, 1),
                method("_MAT", returns(toBuffer(name("MAT")))),
                method("_STA", when(name("FLG"), returns(integer(0xF))), returns(integer(0))));
    }

    /// Fixed ACPI Description Table as in ACPI 1.0.
    private static byte[] fadtRevision1(long facs, long dsdt) {
        return fadtCommon(facs, dsdt, 0, FEATURES);
    }

    /// Revision 5 (ACPI 5.2.9) says in addition what the machine does not have.
    private static byte[] fadtRevision5(long facs, long dsdt) {
        int features = FEATURES | NO_POWER_BUTTON | NO_SLEEP_BUTTON;
        var bytes = new LittleEndian();
        bytes.append(fadtCommon(facs, dsdt, NO_VGA | NO_CMOS_RTC, features));
        bytes.append(port(RESET, 8)).int8(6).zeros(3); // named, but not flagged as supported
        bytes.int64(facs).int64(dsdt);
        bytes.append(port(PM1A_EVENT, 32)).zeros(12);
        bytes.append(port(PM1A_CONTROL, 16)).zeros(12);
        bytes.zeros(12).zeros(12).zeros(12).zeros(12); // PM2, PM timer, GPE0, GPE1
        return bytes.zeros(12).zeros(12).toArray(); // sleep control and status
    }

    /// The body that both revisions share.
    private static byte[] fadtCommon(long facs, long dsdt, int bootArchitecture, int features) {
        return new LittleEndian()
                .int32(facs)
                .int32(dsdt)
                .int16(0)
                .int16(9) // SCI
                .zeros(8) // no SMI: the machine is in ACPI mode from the start
                .int32(PM1A_EVENT)
                .int32(0)
                .int32(PM1A_CONTROL)
                .zeros(12) // PM1b control, PM2 control, PM timer
                .int32(GPE0)
                .int32(0)
                .int8(4)
                .int8(2)
                .int8(0)
                .int8(0)
                .int8(4)
                .zeros(3)
                .int16(NO_C2_NO_C3)
                .int16(NO_C2_NO_C3)
                .zeros(9) // flush size and stride, duty, alarms, century
                .int16(bootArchitecture)
                .int8(0)
                .int32(features)
                .toArray();
    }

    /// A Generic Address Structure in I/O space (ACPI 5.2.3.2).
    private static byte[] port(int port, int bits) {
        return new LittleEndian().int8(1).int8(bits).int16(0).int64(port).toArray();
    }

    /// A table with its header (ACPI 5.2.6).
    private static byte[] table(String signature, int revision, byte[] body) {
        int length = HEADER_BYTES + body.length;
        var header =
                new LittleEndian()
                        .text(signature, 4)
                        .int32(length)
                        .int8(revision)
                        .int8(0)
                        .text("Xen", 6)
                        .text("HVM", 8)
                        .int32(0)
                        .text("HVML", 4)
                        .int32(0)
                        .toArray();
        var bytes = concatenate(header, body);
        bytes[9] = checksum(bytes, length);
        return bytes;
    }

    /// What makes the first `length` bytes sum up to 0.
    private static byte checksum(byte[] bytes, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += bytes[i];
        }
        return (byte) -sum;
    }
}
