package org.xenolith.board;

import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;
import org.xenolith.xen.XenVersion;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;

/// Saves and restores a small machine that nobody uses: what a JVM needs time for when it does
/// something first, has been done when a machine stands still and waits for it.
final class Rehearsal {
    private static final int MEMORY_MIB = 8;
    private static final int TIMES = 8;

    /// Writes to 8 KiB of memory again and again, each time something else, in real mode: `mov di,
    /// 8000h; mov cx, 1000h; rep stosw; inc ax; jmp` to the beginning.
    private static final byte[] WRITER = {
        (byte) 0xBF,
        0x00,
        (byte) 0x80,
        (byte) 0xB9,
        0x00,
        0x10,
        (byte) 0xF3,
        (byte) 0xAB,
        0x40,
        (byte) 0xEB,
        (byte) 0xF5
    };

    private Rehearsal() {}

    /// Often enough that the JVM compiles what is done again and again within it.
    static void perform(BoardBuilder machines, Engines engines) throws DomainException {
        for (int i = 0; i < TIMES; i++) {
            performOnce(machines, engines);
        }
    }

    private static void performOnce(BoardBuilder machines, Engines engines) throws DomainException {
        var config = DomainConfig.builder("rehearsal").kernel("none").memoryMib(MEMORY_MIB).build();
        var around = Xenolith.surroundings();
        var saved = new ByteArrayOutputStream();
        try (var machine = Wiring.withoutGuest(config, around, engines, new byte[0])) {
            machine.start(true);
            machine.pause().join();
            var channel = Channels.newChannel(saved);
            machine.save(
                    new StreamWriter(
                            channel, 0, Alignment.NONE, XenVersion.MAJOR, XenVersion.MINOR),
                    _ -> {});
        } catch (IOException e) {
            throw new DomainException(e.getMessage(), e);
        }
        var input = new MappedInput(MemorySegment.ofArray(saved.toByteArray()), 0);
        try (var machine =
                machines.restoring(input, MachineImage.PageSource.COPY)
                        .build(config, Xenolith.surroundings())) {
            machine.start(true);
        }
    }

    /// What makes machines that have no guest and write to a few of their pages without end.
    static MachineBuilder writers() {
        return (config, around) ->
                Wiring.withoutGuest(config, around, Engines.choose(config.engine()), WRITER);
    }
}
