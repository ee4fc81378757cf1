package org.xenolith.bench.inner;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Exit;
import org.xenolith.engine.Vcpu;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.engine.soft.SoftEngine;
import org.xenolith.memory.GuestMemory;

/// A vCPU in 64-bit mode and memory, mapped onto itself by pages of 4 KiB, with nothing around.
final class BareMachine implements AutoCloseable {
    /// How much is mapped. The code begins at [#CODE], data may from [#DATA] on.
    static final int MAPPED_BYTES = 16 << 20;

    static final int CODE = 0x10_0000;
    static final int DATA = 0x20_0000;

    private static final long SLICE = 1_000_000;
    private static final int TABLES = 0x1000;
    private static final int PAGE = 4096;

    /// Present and writable.
    private static final int ENTRY = 3;

    private static final int FLAT_DATA = 0xC093;
    private static final int CODE_64 = 0xA09B;
    private static final int BUSY_TSS = 0x8B;

    private final GuestMemory memory = GuestMemory.withRam(MAPPED_BYTES, 0);
    private final SoftEngine engine;
    private final Vcpu vcpu;

    BareMachine(SoftEngine.Tier tier, byte[] code) {
        map();
        memory.write(CODE, code);
        engine =
                new SoftEngine(
                        memory, Clock.system(), Entropy.seeded(1), SoftEngine.Options.of(tier));
        vcpu = engine.createVcpu(0, CpuidTable.builder().build());
        vcpu.restore(entry());
    }

    /// One table of the upper three levels each, and one of the lowest for every 2 MiB.
    private void map() {
        for (int level = 0; level < 2; level++) {
            int table = TABLES + level * PAGE;
            memory.writeLong(table, table + PAGE + ENTRY);
        }
        int directory = TABLES + 2 * PAGE;
        for (int table = 0; table < MAPPED_BYTES >> 21; table++) {
            memory.writeLong(directory + table * 8L, directory + (table + 1) * PAGE + ENTRY);
        }
        for (int page = 0; page < MAPPED_BYTES / PAGE; page++) {
            memory.writeLong(directory + PAGE + page * 8L, (long) page * PAGE + ENTRY);
        }
    }

    private static VcpuState entry() {
        var state = VcpuState.powerOn(0);
        var data = new Segment(16, 0, -1, FLAT_DATA);
        var old = state.segments();
        var segments =
                new VcpuState.Segments(
                        data,
                        new Segment(8, 0, -1, CODE_64),
                        data,
                        data,
                        data,
                        data,
                        old.ldtr(),
                        new Segment(0, 0, 0x67, BUSY_TSS),
                        old.gdtr(),
                        old.idtr());
        // Paging and protection; PAE and SSE; long mode enabled and active.
        var control = new VcpuState.Control(0x8000_0033L, 0, TABLES, 0x620, 0, 0x500, 1);
        return state.withGeneral(new VcpuState.General(state.general().registers(), CODE, 2))
                .withSegments(segments)
                .withControl(control);
    }

    /// Runs until the program writes to a port.
    int runToPort() {
        while (true) {
            switch (vcpu.run(SLICE)) {
                case Exit.PortWrite(_, _, int value) -> {
                    return value;
                }
                case Exit.Preempted _ -> {}
                case Exit exit -> throw new IllegalStateException("unexpected exit: " + exit);
            }
        }
    }

    @Override
    public void close() {
        vcpu.close();
        engine.close();
        memory.close();
    }
}
