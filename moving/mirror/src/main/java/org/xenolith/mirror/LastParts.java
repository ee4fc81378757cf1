package org.xenolith.mirror;

import org.xenolith.board.CopiedDisk;
import org.xenolith.memory.Slabs;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// What the backup lacks of disks when the machine's first checkpoint is taken, until it is sent.
/// For one thread at a time.
final class LastParts implements AutoCloseable {
    /// There are rounds until less is left, unless the guest writes faster than it is sent.
    static final long BYTES_MAX = 64 << 20;

    private record Part(int number, long offset, long content, int length) {}

    private final long bytesMax;
    private final Slabs contents = new Slabs();
    private final List<Part> parts = new ArrayList<>();

    LastParts() {
        this(BYTES_MAX);
    }

    LastParts(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// All that is marked of `disk` now.
    ///
    /// @throws IOException if it cannot be read
    /// @throws MirrorException if it is too much
    void take(CopiedDisk disk) throws IOException, MirrorException {
        for (var part = disk.next(0); part.isPresent(); ) {
            add(disk.number(), part.get());
            part = disk.next(part.get().offset() + part.get().content().length);
        }
    }

    private void add(int number, CopiedDisk.Part part) throws MirrorException {
        int length = part.content().length;
        if (contents.bytes() + length > bytesMax) {
            throw new MirrorException(
                    "the guest writes to its disks faster than they are copied: more than %d MiB are left"
                            .formatted(bytesMax >> 20));
        }
        long place = contents.reserve(length);
        contents.slice(place, length).copyFrom(MemorySegment.ofArray(part.content()));
        parts.add(new Part(number, part.offset(), place, length));
    }

    void write(StreamWriter out) throws IOException {
        for (var part : parts) {
            var content = Bytes.of(contents.slice(part.content, part.length));
            out.write(new StreamRecord.DiskData(part.number, part.offset, content));
        }
    }

    @Override
    public void close() {
        parts.clear();
        contents.close();
    }
}
