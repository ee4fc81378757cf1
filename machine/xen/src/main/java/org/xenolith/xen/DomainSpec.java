package org.xenolith.xen;

import org.xenolith.base.DomainId;

import java.util.List;
import java.util.UUID;

/// What a domain is created with; never changes.
///
/// @param id its number, not 0
/// @param handle its UUID, as `XENVER_guest_handle` shows it
/// @param vcpus how many vCPUs it has, at most [#VCPUS_MAX]
/// @param hypercall the instruction with which its hypercall page calls
/// @param tscKilohertz the guest's TSC frequency, which never changes
/// @param memoryPages RAM pages mapped when it starts
/// @param memoryPagesMax pages to which it may grow (`maxmem`)
/// @param grantFramesMax frames of its grant table, at most [#GRANT_FRAMES_MAX]
/// @param eventChannelsMax ports, at most [#EVENT_CHANNELS_MAX]
/// @param memoryMap its e820 map, for `XENMEM_memory_map`
/// @param interruptWires whether there is an I/O APIC and PIC, so that callbacks by GSI work
public record DomainSpec(
        DomainId id,
        UUID handle,
        int vcpus,
        HypercallInstruction hypercall,
        long tscKilohertz,
        long memoryPages,
        long memoryPagesMax,
        int grantFramesMax,
        int eventChannelsMax,
        List<MemoryRange> memoryMap,
        boolean interruptWires) {
    /// `HVM_MAX_VCPUS`.
    public static final int VCPUS_MAX = 128;

    /// Xen's default for `gnttab_max_frames`.
    public static final int GRANT_FRAMES_MAX = 64;

    /// `EVTCHN_FIFO_NR_CHANNELS`.
    public static final int EVENT_CHANNELS_MAX = 1 << 17;

    /// Ports of a domain when its configuration does not say.
    public static final int EVENT_CHANNELS_DEFAULT = 1024;

    /// Entries of a memory map (`E820_X_MAX` is larger; PVH start of day allows 128).
    public static final int MEMORY_RANGES_MAX = 128;

    /// Which instruction a hypercall page uses.
    public enum HypercallInstruction {
        /// Intel and all others.
        VMCALL,
        /// AMD and Hygon.
        VMMCALL
    }

    /// An e820 entry: `address` and `bytes` in bytes, `type` 1 for RAM, 2 for reserved, 3 for ACPI
    /// tables.
    public record MemoryRange(long address, long bytes, int type) {}

    public DomainSpec {
        memoryMap = List.copyOf(memoryMap);
        require(id.value() != 0, "a guest's domain id is not 0");
        require(vcpus >= 1 && vcpus <= VCPUS_MAX, "a domain has 1 to " + VCPUS_MAX + " vCPUs");
        require(tscKilohertz > 0 && tscKilohertz <= 100_000_000, "a TSC runs at 1 kHz to 100 GHz");
        require(
                memoryPages >= 0 && memoryPages <= memoryPagesMax,
                "a domain's memory is within its maximum");
        require(
                grantFramesMax >= 1 && grantFramesMax <= GRANT_FRAMES_MAX,
                "a grant table has 1 to " + GRANT_FRAMES_MAX + " frames");
        require(
                eventChannelsMax >= 64 && eventChannelsMax <= EVENT_CHANNELS_MAX,
                "a domain has 64 to " + EVENT_CHANNELS_MAX + " event channels");
        require(memoryMap.size() <= MEMORY_RANGES_MAX, "a memory map has at most 128 ranges");
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(rule);
        }
    }

    /// Frames that the Xen side takes from guest memory besides RAM: the shared info page and the
    /// grant table.
    public int extraFrames() {
        return 1 + grantFramesMax;
    }
}
