package org.xenolith.engine.soft;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.base.Bug;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/// Machine code of earlier runs, in a file: a header, and records ([StoredRegion]) one behind the
/// other. Whatever code a guest has that has been seen before needs no translation.
///
/// Records are only ever added, by the one process that holds the file's lock, which finds them
/// from then on; others use what was there when they opened it. A record that is not whole, since
/// its writer has died, ends the file. Any thread may call it. Whoever may write the file decides
/// what this process executes: it belongs where only its user may write.
final class CodeStore implements AutoCloseable {
    /// What the code that we make is like; another number, another file. Also raised when records
    /// change.
    private static final long MAGIC = 0x0002_6564_6F63_6E78L; // "xncode", version 2

    private static final int MAGIC_AT = 0;
    private static final int FEATURES_AT = 8;
    private static final int HEADER_BYTES = 16;

    /// A file that is larger begins anew.
    private static final long FILE_BYTES_MAX = 256 << 20;

    /// Regions of one address and mode: code that changes all the time is not kept in all its
    /// forms.
    private static final int VARIANTS_MAX = 4;

    /// The same of what is found by less than its address.
    private static final int RELATIVE_VARIANTS_MAX = 12;

    /// Bytes that have been added and are not mapped yet, at most.
    private static final long RECENT_BYTES_MAX = 1 << 20;

    /// A region of the store, with a number that it has as long as this is open.
    record Found(int number, StoredRegion region) {}

    /// Records that are looked at: more than a sound file of the largest size has.
    static final int RECORDS_MAX = 1 << 20;

    private static final int BUCKETS_MIN = 1 << 16;
    private static final int NONE = -1;

    private final FileChannel channel;

    /// Null if another process holds it.
    private final FileLock lock;

    private final Arena arena = Arena.ofShared();

    /// What the file had when it was opened.
    private final MemorySegment file;

    /// What has been added since, by where in the file it begins: whole records.
    private final NavigableMap<Integer, MemorySegment> added = new TreeMap<>();

    /// Records behind those that are mapped.
    private final List<MemorySegment> recent = new ArrayList<>();

    private long recentBytes;

    // Records by their keys: chains through `next`.
    private final int[] heads;

    /// By record, whether it is known to be whole.
    private final BitSet sound = new BitSet();

    private int[] next = new int[1024];
    private int[] offsets = new int[1024];
    private long[] keys = new long[1024];
    private int count;

    /// Where the next record goes.
    private long end;

    private boolean closed;

    /// Whether it ends with whole records, and others do not add to it.
    private boolean isOurs;

    /// Finds out what the file has, while others do something else.
    private final Thread indexer;

    private CodeStore(FileChannel channel, FileLock lock, int features) throws IOException {
        this.channel = channel;
        this.lock = lock;
        long bytes = Math.min(channel.size(), FILE_BYTES_MAX);
        file = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
        heads = new int[buckets(bytes)];
        Arrays.fill(heads, NONE);
        end = HEADER_BYTES;
        indexer = Thread.ofPlatform().daemon().name("code-store").start(() -> index(features));
    }

    private void index(int features) {
        if (isUsable(file, features)) {
            index();
        }
        try {
            if (lock != null) {
                channel.truncate(end);
                isOurs = true;
            }
        } catch (IOException e) {
            isOurs = false;
        }
    }

    /// Waits until it is known what the file has.
    private void awaitIndex() {
        boolean interrupted = false;
        while (indexer.isAlive()) {
            try {
                indexer.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Opens the file, or makes it.
    ///
    /// @param features of the host, that the code depends on: what was made for others is thrown
    ///   away
    static CodeStore open(Path path, int features) throws IOException {
        var channel = channel(path);
        try {
            var lock = lock(channel);
            if (lock != null && channel.size() > 0 && !isUsable(channel, features)) {
                channel.close();
                Files.deleteIfExists(path); // it stays for those who use it
                channel = channel(path);
                lock = lock(channel);
            }
            if (lock != null && channel.size() == 0) {
                begin(channel, features);
            }
            return new CodeStore(channel, lock, features);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static FileChannel channel(Path path) throws IOException {
        return FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException ours) {
            return null;
        }
    }

    private static int buckets(long bytes) {
        return Integer.highestOneBit((int) (bytes / 512) | BUCKETS_MIN);
    }

    private static boolean isUsable(FileChannel channel, int features) throws IOException {
        var header = ByteBuffer.allocate(HEADER_BYTES);
        channel.read(header, 0);
        return isUsable(MemorySegment.ofBuffer(header.clear()), features)
                && channel.size() <= FILE_BYTES_MAX;
    }

    private static void begin(FileChannel channel, int features) throws IOException {
        var segment = MemorySegment.ofArray(new byte[HEADER_BYTES]);
        segment.set(ValueLayout.JAVA_LONG_UNALIGNED, MAGIC_AT, MAGIC);
        segment.set(ValueLayout.JAVA_LONG_UNALIGNED, FEATURES_AT, features);
        channel.write(segment.asByteBuffer(), 0);
    }

    private static boolean isUsable(MemorySegment file, int features) {
        return file.byteSize() >= HEADER_BYTES
                && file.get(ValueLayout.JAVA_LONG_UNALIGNED, MAGIC_AT) == MAGIC
                && file.get(ValueLayout.JAVA_LONG_UNALIGNED, FEATURES_AT) == features;
    }

    private void index() {
        while (count < RECORDS_MAX && end + StoredRegion.BYTES_MIN <= file.byteSize()) {
            int length = StoredRegion.length(file, end);
            if (length < StoredRegion.BYTES_MIN
                    || length > StoredRegion.BYTES_MAX
                    || end + length > file.byteSize()) {
                return;
            }
            addToIndex(StoredRegion.key(file, end), (int) end);
            end += length;
        }
    }

    private void addToIndex(long key, int offset) {
        if (count == offsets.length) {
            offsets = Arrays.copyOf(offsets, 2 * count);
            next = Arrays.copyOf(next, 2 * count);
            keys = Arrays.copyOf(keys, 2 * count);
        }
        keys[count] = key;
        int bucket = bucket(key);
        offsets[count] = offset;
        next[count] = heads[bucket];
        heads[bucket] = count++;
    }

    private int bucket(long key) {
        return (int) (key >>> 40) & heads.length - 1;
    }

    /// What is known of code at an address in a mode, the latest first: as it would be at that
    /// address.
    ///
    /// @param code where the guest's code is, from `at` on up to the end of a page
    synchronized List<Found> find(long pc, int mode, MemorySegment code, long at) {
        awaitIndex();
        if (closed) {
            return List.of();
        }
        boolean isShort = StoredRegion.isShort(pc, Long.MAX_VALUE);
        var found = new ArrayList<Found>(1);
        find(pc, mode, StoredRegion.key(pc, mode, code, at, isShort), found);
        if (!isShort && StoredRegion.isRelative(pc)) {
            find(pc, mode, StoredRegion.key(pc, mode, code, at, true), found);
        }
        return found;
    }

    private void find(long pc, int mode, long key, List<Found> found) {
        for (int entry = heads[bucket(key)]; entry != NONE; entry = next[entry]) {
            if (keys[entry] == key) {
                var record = record(entry);
                if (isFor(pc, mode, record) && isSound(entry, record)) {
                    found.add(new Found(entry, StoredRegion.read(record).at(pc)));
                }
            }
        }
    }

    /// Whether a record is as it was written: looked at once.
    private boolean isSound(int entry, MemorySegment record) {
        if (!sound.get(entry)) {
            sound.set(entry, StoredRegion.isSound(record));
        }
        return sound.get(entry);
    }

    private MemorySegment record(int entry) {
        int mapped = count - recent.size();
        if (entry >= mapped) {
            return recent.get(entry - mapped);
        }
        int at = offsets[entry];
        var piece = added.floorEntry(at);
        if (piece == null) {
            return file.asSlice(at, StoredRegion.length(file, at));
        }
        int within = at - piece.getKey();
        return piece.getValue().asSlice(within, StoredRegion.length(piece.getValue(), within));
    }

    private static boolean isFor(long pc, int mode, MemorySegment record) {
        long known = StoredRegion.pc(record, 0);
        boolean isPlace =
                StoredRegion.isRelative(pc)
                        ? StoredRegion.isRelative(known) && (known - pc & PAGE_BYTES - 1) == 0
                        : known == pc;
        return isPlace && StoredRegion.mode(record, 0) == mode;
    }

    /// Whether anything is kept of code at an address in a mode; see [#find].
    synchronized boolean contains(long pc, int mode, MemorySegment code, long at) {
        awaitIndex();
        if (!StoredRegion.isRelative(pc)) {
            return variants(StoredRegion.key(pc, mode, code, at, false)) > 0;
        }
        long within = PAGE_BYTES - (pc & PAGE_BYTES - 1);
        for (var found : find(pc, mode, code, at)) {
            var entry = found.region.parts().getFirst().bytes();
            long length = Math.min(entry.byteSize(), within);
            if (MemorySegment.mismatch(entry, 0, length, code, at, at + length) < 0) {
                return true;
            }
        }
        return false;
    }

    /// Whether code can be added.
    synchronized boolean isWritable() {
        awaitIndex();
        return isOurs && !closed && end < FILE_BYTES_MAX && count < RECORDS_MAX;
    }

    /// Adds a region, unless it is one of too many forms of the same code.
    synchronized void add(StoredRegion region) throws IOException {
        var record = region.toBytes();
        long key = StoredRegion.key(record, 0);
        int most = StoredRegion.isRelative(region.pc()) ? RELATIVE_VARIANTS_MAX : VARIANTS_MAX;
        if (!isWritable() || variants(key) >= most || record.byteSize() > StoredRegion.BYTES_MAX) {
            return;
        }
        var buffer = record.asByteBuffer();
        long at = end;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
        addToIndex(key, (int) end);
        end = at;
        recent.add(record);
        recentBytes += record.byteSize();
        if (recentBytes > RECENT_BYTES_MAX) {
            long begin = end - recentBytes;
            added.put(
                    (int) begin,
                    channel.map(FileChannel.MapMode.READ_ONLY, begin, recentBytes, arena));
            recent.clear();
            recentBytes = 0;
        }
    }

    /// How many records there may be with a key.
    private int variants(long key) {
        int variants = 0;
        for (int entry = heads[bucket(key)]; entry != NONE; entry = next[entry]) {
            variants += keys[entry] == key ? 1 : 0;
        }
        return variants;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        awaitIndex();
        closed = true;
        try {
            arena.close();
            channel.close();
        } catch (IOException e) {
            throw new Bug("a file that was written can be closed", e);
        }
    }
}
