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

    private Rehearsal() {}

    static void perform(BoardBuilder machines, Engines engines) throws DomainException {
        var config = DomainConfig.builder("rehearsal").kernel("none").memoryMib(MEMORY_MIB).build();
        var around = Xenolith.surroundings();
        var saved = new ByteArrayOutputStream();
        try (var machine = Wiring.idle(config, around, engines)) {
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
                machines.restoring(input, MachineImage.PageSource.COPY, MachineImage.Rounds.IGNORED)
                        .build(config, Xenolith.surroundings())) {
            machine.start(true);
        }
    }
}
