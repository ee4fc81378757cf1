package org.xenolith.board;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.memory.Slabs;
import org.xenolith.state.stream.PageKind;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamRecord;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What has come of an epoch of a machine that is kept in step: beside the machine until it is all
/// there, and known to fit. Used again and again. For one thread.
final class EpochAside implements AutoCloseable {
    private static final long NO_CONTENT = -1;

    /// What an epoch may have.
    ///
    /// @param parts of all disks
    /// @param diskBytes of all parts of one disk
    record Bounds(int parts, long diskBytes) {
        /// The journal of the other side takes no more requests at an eighth of these bytes.
        static final Bounds USUAL = new Bounds(1 << 20, 128L << 20);
    }

    private record Page(PageKind kind, long gfn, long content) {}

    /// A part of a disk; zeros if it has no content.
    private record Part(int number, long offset, long bytes, long content) {}

    private final GuestMemory memory;
    private final Bounds bounds;
    private final Slabs contents = new Slabs();
    private final List<Page> pages = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();

    /// Those of devices, the last of each.
    private final Map<Object, StreamRecord> states = new LinkedHashMap<>();

    /// Of parts, by the number of their disk.
    private final Map<Integer, Long> diskBytes = new HashMap<>();

    /// Whether a gfn will show a frame, where that is another than now.
    private final Map<Long, Boolean> mapped = new HashMap<>();

    private int frames;

    EpochAside(GuestMemory memory, Bounds bounds) {
        this.memory = memory;
        this.bounds = bounds;
        clear();
    }

    void clear() {
        contents.clear();
        pages.clear();
        parts.clear();
        states.clear();
        diskBytes.clear();
        mapped.clear();
        frames = memory.freeFrameCount();
    }

    // ---------------------------------------------------------------- what comes

    void add(StreamRecord.Pages record) throws StreamException {
        long at = 0;
        for (int i = 0; i < record.count(); i++) {
            var kind = record.kind(i);
            long gfn = record.gfn(i);
            noteMap(kind, gfn);
            require(pages.size() < 2 * memory.frameCount(), "an epoch has too many pages");
            long content = NO_CONTENT;
            if (kind.hasContent()) {
                content = keep(record.contents().asSlice(at, Sizes.PAGE_BYTES));
                at += Sizes.PAGE_BYTES;
            }
            pages.add(new Page(kind, gfn, content));
        }
    }

    private void noteMap(PageKind kind, long gfn) throws StreamException {
        require(GuestMemory.isAddressable(gfn), "the stream has a page where none can be");
        boolean before = mapped.getOrDefault(gfn, memory.frameAt(gfn) >= 0);
        boolean after = kind != PageKind.HOLE;
        require(before || kind != PageKind.DELTA, "the stream changes a page that is not there");
        if (before != after) {
            mapped.put(gfn, after);
            frames += after ? -1 : 1;
            require(frames >= 0, "the stream has more pages than the machine");
        }
    }

    private long keep(MemorySegment content) {
        long at = contents.reserve((int) content.byteSize());
        contents.slice(at, content.byteSize()).copyFrom(content);
        return at;
    }

    void add(StreamRecord.DiskData data, ArrivingDisks disks) throws StreamException {
        int bytes = data.content().length();
        disks.check(data.number(), data.offset(), bytes);
        if (bytes > 0) {
            long all = diskBytes.merge(data.number(), (long) bytes, Long::sum);
            require(all <= bounds.diskBytes, "an epoch has too much of a disk");
            long content = keep(MemorySegment.ofBuffer(data.content().buffer()));
            add(new Part(data.number(), data.offset(), bytes, content));
        }
    }

    void add(StreamRecord.DiskZeroes zeroes, ArrivingDisks disks) throws StreamException {
        disks.check(zeroes.number(), zeroes.offset(), zeroes.bytes());
        if (zeroes.bytes() > 0) {
            add(new Part(zeroes.number(), zeroes.offset(), zeroes.bytes(), NO_CONTENT));
        }
    }

    private void add(Part part) throws StreamException {
        require(parts.size() < bounds.parts, "an epoch has too many parts of disks");
        parts.add(part);
    }

    /// A state, or another record of devices. Little may have come of one that takes much room, so
    /// none is kept twice.
    void add(StreamRecord state, MachineImage image) throws StreamException {
        image.checkOfDevice(state);
        states.put(key(state), state);
    }

    private static Object key(StreamRecord record) {
        return record instanceof StreamRecord.State state
                ? List.of(state.kind(), state.instance())
                : record.getClass();
    }

    // ---------------------------------------------------------------- what counts

    /// Puts it all into `image` and onto `disks`.
    ///
    /// @throws StreamException if a disk cannot be written
    void apply(MachineImage image, ArrivingDisks disks) throws StreamException {
        for (var part : parts) {
            if (part.content == NO_CONTENT) {
                disks.zero(part.number, part.offset, part.bytes);
            } else {
                disks.write(
                        part.number,
                        part.offset,
                        contents.slice(part.content, part.bytes).asByteBuffer());
            }
        }
        for (var page : pages) {
            image.put(
                    page.kind,
                    page.gfn,
                    page.content == NO_CONTENT
                            ? MemorySegment.NULL
                            : contents.slice(page.content, Sizes.PAGE_BYTES));
        }
        for (var state : states.values()) {
            image.takeOfDevice(state);
        }
        clear();
    }

    @Override
    public void close() {
        clear();
        contents.close();
    }

    private static void require(boolean holds, String wrong) throws StreamException {
        if (!holds) {
            throw new StreamException(wrong);
        }
    }
}
