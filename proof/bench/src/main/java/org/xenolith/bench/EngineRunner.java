package org.xenolith.bench;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.engine.soft.SoftEngine;
import org.xenolith.memory.GuestMemory;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/// Kernels on the software engine, without any machine around it.
final class EngineRunner {
    private static final long RAM_BYTES = 64 << 20;
    private static final long SLICE = 1_000_000;
    private static final int CONSOLE_PORT = 0xE9;
    private static final int LOADED_SEGMENT = 1;

    private EngineRunner() {}

    static Lap run(Path image, SoftEngine.Options options) throws IOException {
        try (var memory = GuestMemory.withRam(RAM_BYTES, 0);
                var engine = new SoftEngine(memory, Clock.system(), Entropy.seeded(1), options);
                var vcpu = engine.createVcpu(0, CpuidTable.builder().build())) {
            vcpu.restore(entry(load(memory, image)));
            var watch = new Stopwatch(ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
            long middle = 0;
            while (true) {
                switch (vcpu.run(SLICE)) {
                    case Exit.PortWrite(int port, _, int value) when port == CONSOLE_PORT -> {
                        watch.hear(value);
                        if (value == '|') {
                            middle = vcpu.instructionsRetired();
                        }
                    }
                    case Exit.Halted _ -> {
                        return watch.lap(vcpu.instructionsRetired() - middle);
                    }
                    case Exit.Preempted _ -> {}
                    case Exit exit ->
                            throw new IOException(
                                    "%s at %x".formatted(exit, vcpu.capture().general().rip()));
                }
            }
        }
    }

    /// Puts the loadable segments of a 64-bit ELF image into memory; answers its entry.
    private static long load(GuestMemory memory, Path image) throws IOException {
        var elf = ByteBuffer.wrap(Files.readAllBytes(image)).order(ByteOrder.LITTLE_ENDIAN);
        int headers = (int) elf.getLong(32);
        int headerBytes = elf.getShort(54);
        for (int index = 0; index < elf.getShort(56); index++) {
            int header = headers + index * headerBytes;
            if (elf.getInt(header) == LOADED_SEGMENT) {
                int offset = (int) elf.getLong(header + 8);
                int bytes = (int) elf.getLong(header + 32);
                memory.write(elf.getLong(header + 24), elf.array(), offset, bytes);
            }
        }
        return elf.getLong(24);
    }

    /// As a PVH loader leaves the processor: flat 32-bit protected mode.
    private static VcpuState entry(long rip) {
        var state = VcpuState.powerOn(0);
        var data = new Segment(16, 0, -1, 0xC093);
        var s = state.segments();
        var segments =
                new VcpuState.Segments(
                        data,
                        new Segment(8, 0, -1, 0xC09B),
                        data,
                        data,
                        data,
                        data,
                        s.ldtr(),
                        new Segment(0, 0, 0x67, 0x8B),
                        s.gdtr(),
                        s.idtr());
        var general = new VcpuState.General(state.general().registers(), rip, 2);
        return state.withGeneral(general)
                .withSegments(segments)
                .withControl(new VcpuState.Control(0x11, 0, 0, 0, 0, 0, 1));
    }
}
