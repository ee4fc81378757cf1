package org.xenolith.board;

import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.memory.GuestMemory;
import org.xenolith.platform.AcpiTables;
import org.xenolith.platform.MemoryMap;
import org.xenolith.xen.DomainSpec;

/// What follows from a machine's specification.
record MachineLayout(AcpiTables acpi, MemoryMap map, DomainSpec spec) {
    static MachineLayout of(MachineSpecification machine, Engines engines) {
        // Linux can plug only what was enabled at boot; see docs/quirks.md.
        var acpi = AcpiTables.pvh(machine.maxVcpus(), machine.maxVcpus());
        var map = MemoryMap.pvh(machine.maxMemoryBytes(), acpi);
        var spec =
                new DomainSpec(
                        machine.id(),
                        machine.uuid(),
                        machine.maxVcpus(),
                        engines.hypercallInstruction(),
                        machine.tscKilohertz(),
                        machine.memoryBytes() >> PAGE_SHIFT,
                        machine.maxMemoryBytes() >> PAGE_SHIFT,
                        machine.grantFramesMax(),
                        machine.eventChannelsMax() + 1,
                        map.ranges().stream()
                                .map(range ->
                                        new DomainSpec.MemoryRange(
                                                range.address(),
                                                range.bytes(),
                                                range.type().value()))
                                .toList(),
                        false);
        return new MachineLayout(acpi, map, spec);
    }

    /// Memory for it, with nothing in place.
    GuestMemory memory() {
        return GuestMemory.create(Math.toIntExact(map.frames() + spec.extraFrames()));
    }
}
