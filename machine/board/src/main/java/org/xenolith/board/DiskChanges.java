package org.xenolith.board;

import org.xenolith.memory.Slabs;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/// What has been written to one disk in an epoch: of each place the last content. Used again and
/// again. For one thread at a time.
final class DiskChanges implements AutoCloseable {
    /// What a place needs beside its content.
    private static final int EXTENT_BYTES = 128;

    /// A place of zeros has no content.
    private static final long ZEROS = -1;

    /// Where a place ends, and its content.
    private record Extent(long end, long content) {
        Extent from(long skipped) {
            return new Extent(end, content == ZEROS ? ZEROS : content + skipped);
        }
    }

    /// By where they begin; they do not overlap.
    private final TreeMap<Long, Extent> extents = new TreeMap<>();

    private final Slabs contents = new Slabs();

    /// Bytes that all of this needs.
    long bytes() {
        return contents.bytes() + (long) EXTENT_BYTES * extents.size();
    }

    /// What remains of `source`, which is not changed, has been written to `offset`.
    void written(long offset, ByteBuffer source) {
        var from = MemorySegment.ofBuffer(source);
        long at = offset;
        for (long done = 0; done < from.byteSize(); ) {
            int part = (int) Math.min(from.byteSize() - done, contents.leftInSlab());
            long content = contents.reserve(part);
            contents.slice(content, part).copyFrom(from.asSlice(done, part));
            put(at, new Extent(at + part, content));
            done += part;
            at += part;
        }
    }

    /// A range is zeros now.
    void zeroed(long offset, long bytes) {
        if (bytes > 0) {
            put(offset, new Extent(offset + bytes, ZEROS));
        }
    }

    private void put(long start, Extent extent) {
        cut(start);
        cut(extent.end);
        extents.subMap(start, extent.end).clear();
        extents.put(start, extent);
    }

    /// Makes two of a place that is on both sides of `offset`.
    private void cut(long offset) {
        var around = extents.lowerEntry(offset);
        if (around != null && around.getValue().end > offset) {
            long start = around.getKey();
            var whole = around.getValue();
            extents.put(start, new Extent(offset, whole.content));
            extents.put(offset, whole.from(offset - start));
        }
    }

    /// Writes it all.
    ///
    /// @param number of the virtual device
    void write(StreamWriter out, int number) throws IOException {
        for (Map.Entry<Long, Extent> entry : extents.entrySet()) {
            long start = entry.getKey();
            var extent = entry.getValue();
            long length = extent.end - start;
            out.write(
                    extent.content == ZEROS
                            ? new StreamRecord.DiskZeroes(number, start, length)
                            : new StreamRecord.DiskData(
                                    number,
                                    start,
                                    Bytes.of(contents.slice(extent.content, length))));
        }
    }

    void clear() {
        extents.clear();
        contents.clear();
    }

    @Override
    public void close() {
        extents.clear();
        contents.close();
    }
}
