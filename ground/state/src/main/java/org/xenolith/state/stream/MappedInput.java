package org.xenolith.state.stream;

import org.xenolith.base.Bug;

import java.lang.foreign.MemorySegment;

/// A file that is mapped: what is taken stays valid as long as the mapping.
public final class MappedInput implements StreamInput {
    private final MemorySegment file;
    private long position;

    /// Begins at `position` of the whole file.
    public MappedInput(MemorySegment file, long position) {
        Bug.check(position >= 0 && position <= file.byteSize(), "a position is within its file");
        this.file = file;
        this.position = position;
    }

    @Override
    public MemorySegment take(long bytes) throws StreamException {
        if (bytes > file.byteSize() - position) {
            throw new StreamException(
                    "the file ends at byte %d, in the middle".formatted(file.byteSize()));
        }
        var taken = file.asSlice(position, bytes);
        position += bytes;
        return taken;
    }

    @Override
    public long position() {
        return position;
    }
}
