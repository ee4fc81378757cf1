package org.xenolith.memory;

import static org.xenolith.base.Sizes.PAGE_BYTES;
import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.linux.HostFile;
import org.xenolith.linux.LinuxException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntConsumer;

/// The memory of one machine: frames of host memory off the heap, and the map from guest frame
/// numbers to them (Xen's p2m).
///
/// A *frame* is 4 KiB of host memory, numbered from 0; frame `f` begins at byte `f * 4096` of
/// [#segment]. A *gfn* is a guest frame number; most have no frame (a hole). Reads of a hole give
/// all-ones and writes to it are dropped; whoever must tell the two apart asks [#hostOffset].
///
/// Typed access may cross pages and is little-endian. All methods may be called from any thread.
/// Typed reads come in order, and so do typed writes; a write and a later read may change places,
/// unless there is a [#fence] between them. Within its page an aligned value is read and written as
/// a whole.
public final class GuestMemory implements AutoCloseable {
    /// Highest guest-physical address bit that may be mapped, exclusive: 2^40 bytes.
    public static final int PHYSICAL_ADDRESS_BITS = 40;

    private static final int CHUNK_SHIFT = 9;
    private static final int CHUNK_FRAMES = 1 << CHUNK_SHIFT;
    private static final long GFN_LIMIT = 1L << (PHYSICAL_ADDRESS_BITS - PAGE_SHIFT);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final VarHandle ATOMIC_INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle ATOMIC_LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private final HostMemory host;
    private final MemorySegment segment;
    private final int frameCount;
    private final ArrayDeque<Integer> freeFrames = new ArrayDeque<>();

    /// `chunks[gfn >> 9][gfn & 511]` is the frame plus one, or 0 for a hole.
    private final int[][] chunks = new int[(int) (GFN_LIMIT >> CHUNK_SHIFT)][];

    private volatile int mapChanges;

    private final int[] dirtyEpoch;
    private volatile int epoch = 1;

    private final byte[] watched;
    private final List<IntConsumer> writeWatchers = new CopyOnWriteArrayList<>();
    private final List<Runnable> changeListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> epochListeners = new CopyOnWriteArrayList<>();

    private GuestMemory(HostMemory host, int frameCount) {
        this.host = host;
        this.segment = host.segment();
        this.frameCount = frameCount;
        this.dirtyEpoch = new int[frameCount];
        this.watched = new byte[frameCount];
    }

    /// Memory of `frames` frames, all free, nothing mapped.
    public static GuestMemory create(int frames) {
        if (frames <= 0) {
            throw new IllegalArgumentException("a machine needs at least one frame of memory");
        }
        var memory = new GuestMemory(HostMemory.allocate((long) frames * PAGE_BYTES), frames);
        for (int frame = 0; frame < frames; frame++) {
            memory.freeFrames.add(frame);
        }
        return memory;
    }

    /// Memory with `bytes` of RAM mapped from guest-physical address 0, and `extraFrames` free
    /// frames for pages that the hypervisor provides.
    public static GuestMemory withRam(long bytes, int extraFrames) {
        int pages = Math.toIntExact(Sizes.pageAlignUp(bytes) >>> PAGE_SHIFT);
        var memory = create(Math.addExact(pages, extraFrames));
        for (int gfn = 0; gfn < pages; gfn++) {
            memory.map(gfn, memory.allocateFrame());
        }
        return memory;
    }

    /// Memory with the same content in the same places, which may be changed without changing this;
    /// nobody changes this one as long as the other is in use. Costs the host what is written to
    /// it.
    ///
    /// @throws LinuxException if that cannot be had without copying it
    public GuestMemory copyOnWrite() throws LinuxException {
        var copy = new GuestMemory(host.copyOnWrite(), frameCount);
        synchronized (this) {
            for (int i = 0; i < chunks.length; i++) {
                copy.chunks[i] = chunks[i] == null ? null : chunks[i].clone();
            }
            copy.freeFrames.addAll(freeFrames);
        }
        return copy;
    }

    /// All frames, as one segment. Engines access it directly; an access beyond it throws, so no
    /// translation, right or wrong, leaves guest memory.
    public MemorySegment segment() {
        return segment;
    }

    public int frameCount() {
        return frameCount;
    }

    /// The 4096 bytes of a frame.
    public MemorySegment page(int frame) {
        return segment.asSlice((long) frame << PAGE_SHIFT, PAGE_BYTES);
    }

    // ---------------------------------------------------------------- frames and the map

    /// Takes a free frame, filled with zeros; -1 if none is left.
    public synchronized int allocateFrame() {
        var frame = freeFrames.poll();
        return frame == null ? -1 : frame;
    }

    /// Gives an unmapped frame back; its content is erased and its host memory returned.
    public synchronized void freeFrame(int frame) {
        checkFrame(frame);
        host.discard((long) frame * PAGE_BYTES, PAGE_BYTES);
        wrote(frame);
        freeFrames.push(frame);
    }

    /// The first frame from `frame` on that may be something else than zeros; [#frameCount] if
    /// there is none. To look into the others would cost host memory.
    public int nextTouched(int frame) {
        return (int) (host.nextTouched((long) frame * PAGE_BYTES) / PAGE_BYTES);
    }

    /// Gives `count` frames from `frame` on the content of a file at `position`, a multiple of the
    /// page size. Where the host can, no page is read before it is touched, and none is copied
    /// before it is written: until then all who show the file share it. The file must keep its
    /// content as long as the memory is in use.
    public void showFile(int frame, int count, HostFile file, long position) throws LinuxException {
        checkFrame(frame);
        checkFrame(frame + count - 1);
        host.showFile((long) frame * PAGE_BYTES, (long) count * PAGE_BYTES, file, position);
        for (int i = 0; i < count; i++) {
            wrote(frame + i);
        }
    }

    /// How many frames are free.
    public synchronized int freeFrameCount() {
        return freeFrames.size();
    }

    /// Makes `gfn` show `frame`, whatever it showed before.
    public void map(long gfn, int frame) {
        checkFrame(frame);
        put(gfn, frame + 1);
    }

    /// Makes `gfn` a hole. Returns the frame that it showed, or -1.
    public int unmap(long gfn) {
        int old = frameAt(gfn);
        if (old >= 0) {
            put(gfn, 0);
        }
        return old;
    }

    /// Makes holes of `count` gfns from index `from` on and gives their frames back. Each is
    /// another one, shows a frame, and is the only one that shows it. As [#unmap] and [#freeFrame]
    /// for each, but caches are told once.
    public void release(long[] gfns, int from, int count) {
        var frames = new int[count];
        for (int i = 0; i < count; i++) {
            frames[i] = frameAt(gfns[from + i]);
            Bug.check(frames[i] >= 0, "a gfn to release shows a frame");
            replace(gfns[from + i], 0);
        }
        changeListeners.forEach(Runnable::run);
        Arrays.sort(frames);
        synchronized (this) {
            for (int begin = 0, end; begin < count; begin = end) {
                end = begin + 1;
                while (end < count && frames[end] == frames[end - 1] + 1) {
                    end++;
                }
                host.discard((long) frames[begin] * PAGE_BYTES, (long) (end - begin) * PAGE_BYTES);
            }
            for (int frame : frames) {
                wrote(frame);
                freeFrames.push(frame);
            }
        }
    }

    /// The frame that `gfn` shows, or -1 for a hole or a gfn out of range.
    public int frameAt(long gfn) {
        if (gfn < 0 || gfn >= GFN_LIMIT) {
            return -1;
        }
        var chunk = chunks[(int) (gfn >>> CHUNK_SHIFT)];
        return chunk == null ? -1 : chunk[(int) gfn & (CHUNK_FRAMES - 1)] - 1;
    }

    /// The first gfn from `gfn` on that shows a frame, or -1.
    public long nextMapped(long gfn) {
        for (long next = gfn; next < GFN_LIMIT; next++) {
            if (chunks[(int) (next >>> CHUNK_SHIFT)] == null) {
                next |= CHUNK_FRAMES - 1;
            } else if (frameAt(next) >= 0) {
                return next;
            }
        }
        return -1;
    }

    /// Changes whenever a gfn shows another frame than it did.
    public int mapChanges() {
        return mapChanges;
    }

    /// Whether a gfn is within what this machine can address.
    public static boolean isAddressable(long gfn) {
        return gfn >= 0 && gfn < GFN_LIMIT;
    }

    /// The byte of [#segment] behind a guest-physical address, or -1 for a hole.
    public long hostOffset(long gpa) {
        int frame = frameAt(gpa >>> PAGE_SHIFT);
        return frame < 0 ? -1 : ((long) frame << PAGE_SHIFT) | (gpa & (PAGE_BYTES - 1));
    }

    /// `listener` is called whenever a gfn has ceased to show a frame: cached translations must go.
    /// When it returns, nothing reaches the frame through the gfn any more.
    public void onChange(Runnable listener) {
        changeListeners.add(listener);
    }

    private void put(long gfn, int value) {
        int old = replace(gfn, value);
        if (old != 0 && old != value) {
            changeListeners.forEach(Runnable::run);
        }
    }

    /// As [#put], but nobody is told. Returns what was there.
    private synchronized int replace(long gfn, int value) {
        Bug.check(isAddressable(gfn), "a gfn to map is addressable");
        int index = (int) (gfn >>> CHUNK_SHIFT);
        if (chunks[index] == null) {
            chunks[index] = new int[CHUNK_FRAMES];
        }
        int within = (int) gfn & (CHUNK_FRAMES - 1);
        int old = chunks[index][within];
        chunks[index][within] = value;
        mapChanges++;
        return old;
    }

    private void checkFrame(int frame) {
        Bug.check(frame >= 0 && frame < frameCount, "a frame is within memory");
    }

    // ---------------------------------------------------------------- dirty epochs, watches

    /// The running epoch; counts from 1.
    public int epoch() {
        return epoch;
    }

    /// Begins a new epoch and returns its number. Pages written from now on carry it, or a later
    /// one.
    ///
    /// Who, each time this has returned, copies the frames that carry the epoch which it returned
    /// the time before, or a later one, misses no write: what is written while it copies is found
    /// the next time. The last time nobody writes any more.
    public int beginEpoch() {
        int next;
        synchronized (this) {
            next = ++epoch;
        }
        epochListeners.forEach(Runnable::run);
        return next;
    }

    /// `listener` is called at every new epoch. When it returns, nothing is written through
    /// [#segment] any more by who has called [#markDirty] in an earlier one.
    public void onEpoch(Runnable listener) {
        epochListeners.add(listener);
    }

    /// The epoch in which `frame` was last written; 0 if never.
    public int dirtyEpoch(int frame) {
        return dirtyEpoch[frame];
    }

    /// The first frame from `frame` on that was written in `since` or a later epoch; [#frameCount]
    /// if there is none.
    public int nextDirty(int frame, int since) {
        int next = frame;
        while (next < frameCount && dirtyEpoch[next] < since) {
            next++;
        }
        return next;
    }

    /// For engines, which write through [#segment]: `frame` is about to be written in this epoch.
    /// They follow [#onEpoch].
    public void markDirty(int frame) {
        dirtyEpoch[frame] = epoch;
    }

    /// For those who write through [#segment]: `frame` has been written.
    public void wrote(int frame) {
        int now;
        do {
            now = epoch;
            dirtyEpoch[frame] = now;
            // One who begins to watch or an epoch sees the write, or is told of it.
            VarHandle.fullFence();
        } while (now != epoch);
        if (watched[frame] != 0) {
            writeWatchers.forEach(watcher -> watcher.accept(frame));
        }
    }

    /// Asks for the write watchers to be told of writes to `frame`. Who reads it behind a [#fence]
    /// afterwards sees every earlier write.
    public void watch(int frame) {
        watched[frame] = 1;
    }

    public boolean isWatched(int frame) {
        return watched[frame] != 0;
    }

    public void unwatch(int frame) {
        watched[frame] = 0;
    }

    /// `watcher` is called with a watched frame when it has been written through typed access.
    public void onWatchedWrite(IntConsumer watcher) {
        writeWatchers.add(watcher);
    }

    private void written(long offset) {
        wrote((int) (offset >>> PAGE_SHIFT));
    }

    // ---------------------------------------------------------------- typed access

    public int readByte(long gpa) {
        long offset = hostOffset(gpa);
        if (offset < 0) {
            return 0xFF;
        }
        int value = segment.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
        VarHandle.acquireFence();
        return value;
    }

    public int readShort(long gpa) {
        if (crosses(gpa, 2)) {
            return readByte(gpa) | readByte(gpa + 1) << 8;
        }
        long offset = hostOffset(gpa);
        if (offset < 0) {
            return 0xFFFF;
        }
        int value = segment.get(SHORT, offset) & 0xFFFF;
        VarHandle.acquireFence();
        return value;
    }

    public int readInt(long gpa) {
        if (crosses(gpa, 4)) {
            return readShort(gpa) | readShort(gpa + 2) << 16;
        }
        long offset = hostOffset(gpa);
        if (offset < 0) {
            return -1;
        }
        int value = segment.get(INT, offset);
        VarHandle.acquireFence();
        return value;
    }

    public long readLong(long gpa) {
        if (crosses(gpa, 8)) {
            return Integer.toUnsignedLong(readInt(gpa)) | (long) readInt(gpa + 4) << 32;
        }
        long offset = hostOffset(gpa);
        if (offset < 0) {
            return -1;
        }
        long value = segment.get(LONG, offset);
        VarHandle.acquireFence();
        return value;
    }

    public void writeByte(long gpa, int value) {
        long offset = hostOffset(gpa);
        if (offset >= 0) {
            VarHandle.releaseFence();
            segment.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
            written(offset);
        }
    }

    public void writeShort(long gpa, int value) {
        if (crosses(gpa, 2)) {
            writeByte(gpa, value);
            writeByte(gpa + 1, value >>> 8);
            return;
        }
        long offset = hostOffset(gpa);
        if (offset >= 0) {
            VarHandle.releaseFence();
            segment.set(SHORT, offset, (short) value);
            written(offset);
        }
    }

    public void writeInt(long gpa, int value) {
        if (crosses(gpa, 4)) {
            writeShort(gpa, value);
            writeShort(gpa + 2, value >>> 16);
            return;
        }
        long offset = hostOffset(gpa);
        if (offset >= 0) {
            VarHandle.releaseFence();
            segment.set(INT, offset, value);
            written(offset);
        }
    }

    public void writeLong(long gpa, long value) {
        if (crosses(gpa, 8)) {
            writeInt(gpa, (int) value);
            writeInt(gpa + 4, (int) (value >>> 32));
            return;
        }
        long offset = hostOffset(gpa);
        if (offset >= 0) {
            VarHandle.releaseFence();
            segment.set(LONG, offset, value);
            written(offset);
        }
    }

    /// Copies guest memory into `into`. False if a hole was touched (its bytes are all-ones).
    public boolean read(long gpa, byte[] into, int from, int length) {
        return read(gpa, MemorySegment.ofArray(into), from, length);
    }

    /// Copies guest memory into `into`, from its byte `from` on. False if a hole was touched (its
    /// bytes are all-ones).
    public boolean read(long gpa, MemorySegment into, long from, int length) {
        boolean whole = true;
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, PAGE_BYTES - (int) (gpa + done & (PAGE_BYTES - 1)));
            long offset = hostOffset(gpa + done);
            if (offset < 0) {
                into.asSlice(from + done, part).fill((byte) 0xFF);
                whole = false;
            } else {
                MemorySegment.copy(segment, offset, into, from + done, part);
            }
            done += part;
        }
        VarHandle.acquireFence();
        return whole;
    }

    public byte[] read(long gpa, int length) {
        var bytes = new byte[length];
        read(gpa, bytes, 0, length);
        return bytes;
    }

    /// What is done with a page; may fail as its caller does.
    @FunctionalInterface
    public interface PageAction<E extends Exception> {
        void accept(long gfn, MemorySegment content) throws E;
    }

    /// Shows every gfn that shows a frame, in ascending order, with what it shows.
    public <E extends Exception> void forEachPage(PageAction<E> action) throws E {
        for (int index = 0; index < chunks.length; index++) {
            if (chunks[index] == null) {
                continue;
            }
            for (int within = 0; within < CHUNK_FRAMES; within++) {
                long gfn = ((long) index << CHUNK_SHIFT) + within;
                int frame = frameAt(gfn);
                if (frame >= 0) {
                    action.accept(gfn, page(frame));
                }
            }
        }
    }

    /// Feeds `digest` with every gfn that shows a frame, and with what it shows.
    public void digest(MessageDigest digest) {
        var number = ByteBuffer.allocate(Long.BYTES);
        forEachPage((gfn, content) -> {
            digest.update(number.clear().putLong(gfn).flip());
            digest.update(content.asByteBuffer());
        });
    }

    /// Copies into guest memory. False if a hole was touched (bytes for it are dropped).
    public boolean write(long gpa, byte[] bytes, int from, int length) {
        return write(gpa, MemorySegment.ofArray(bytes), from, length);
    }

    /// Copies into guest memory, from the byte `from` of `bytes` on. False if a hole was touched
    /// (bytes for it are dropped).
    public boolean write(long gpa, MemorySegment bytes, long from, int length) {
        boolean whole = true;
        VarHandle.releaseFence();
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, PAGE_BYTES - (int) (gpa + done & (PAGE_BYTES - 1)));
            long offset = hostOffset(gpa + done);
            if (offset < 0) {
                whole = false;
            } else {
                MemorySegment.copy(bytes, from + done, segment, offset, part);
                written(offset);
            }
            done += part;
        }
        return whole;
    }

    public boolean write(long gpa, byte[] bytes) {
        return write(gpa, bytes, 0, bytes.length);
    }

    /// Replaces `expected` by `value` in one step as seen by all threads, if it is there. In a hole
    /// it succeeds, and nothing is written. `gpa` is a multiple of 4.
    public boolean compareAndSetInt(long gpa, int expected, int value) {
        long offset = hostOffset(gpa);
        if (offset < 0) {
            return true;
        }
        boolean done = ATOMIC_INT.compareAndSet(segment, offset, expected, value);
        if (done) {
            written(offset);
        }
        return done;
    }

    /// The same for 8 bytes; `gpa` is a multiple of 8.
    public boolean compareAndSetLong(long gpa, long expected, long value) {
        long offset = hostOffset(gpa);
        if (offset < 0) {
            return true;
        }
        boolean done = ATOMIC_LONG.compareAndSet(segment, offset, expected, value);
        if (done) {
            written(offset);
        }
        return done;
    }

    /// Orders earlier accesses before later ones, as seen by all threads.
    public static void fence() {
        VarHandle.fullFence();
    }

    private static boolean crosses(long gpa, int bytes) {
        return (gpa & (PAGE_BYTES - 1)) > PAGE_BYTES - bytes;
    }

    /// Gives the host memory back. Later access throws in the accessing thread.
    @Override
    public void close() {
        host.close();
    }
}
