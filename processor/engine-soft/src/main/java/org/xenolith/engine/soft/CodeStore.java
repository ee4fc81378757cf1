package org.xenolith.engine.soft;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.base.Bug;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
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
    private static final long MAGIC = 0x0009_6564_6F63_6E78L; // "xncode", version 9

    private static final int MAGIC_AT = 0;
    private static final int FEATURES_AT = 8;

    /// Where the last record of the [StoreIndex] is.
    private static final int INDEX_AT = 16;

    private static final int HEADER_BYTES = 24;

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

    /// Records that are not in the index, at most while the file is written, and when it is closed.
    private static final int UNINDEXED_MAX = 4096;

    private static final int UNINDEXED_LEFT = 256;

    /// Channels of the files that this process adds to. Also the lock of opening and closing one.
    ///
    /// A process loses its lock of a file when it closes any descriptor of it (fcntl(2), "Advisory
    /// record locking"): so there is never a second channel of these.
    private static final Map<Object, FileChannel> HELD = new HashMap<>();

    /// Of who adds to the file.
    private final Optional<FileChannel> writer;

    private final Arena arena = Arena.ofShared();

    /// What the file had when it was opened.
    private final MemorySegment file;

    /// What has been added since, by where in the file it begins: whole records.
    private final NavigableMap<Integer, MemorySegment> added = new TreeMap<>();

    /// Records behind those that are mapped.
    private final List<MemorySegment> recent = new ArrayList<>();

    /// Where they begin.
    private long recentAt;

    private final RecordTable table;

    /// By record, whether it is known to be whole.
    private final BitSet sound = new BitSet();

    /// Where the next record goes.
    private long end;

    /// Where the last record of the index is, and how many others it and those before it have.
    private long lastIndex = StoreIndex.NOWHERE;

    private int indexed;

    private boolean closed;

    /// Whether it ends with whole records, and others do not add to it.
    private boolean isOurs;

    /// Finds out what the file has, while others do something else.
    private final Thread indexer;

    private CodeStore(FileChannel channel, boolean isWriter, int features) throws IOException {
        writer = isWriter ? Optional.of(channel) : Optional.empty();
        long bytes = Math.min(channel.size(), FILE_BYTES_MAX);
        file = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
        table = new RecordTable(bytes);
        end = HEADER_BYTES;
        indexer = Thread.ofPlatform().daemon().name("code-store").start(() -> index(features));
    }

    private void index(int features) {
        if (isUsable(file, features)) {
            readIndex();
            lookAtRest();
        }
        try {
            if (writer.isPresent()) {
                writer.get().truncate(end);
                writeIndex(UNINDEXED_MAX);
                recentAt = end;
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
        synchronized (HELD) {
            var held = HELD.get(key(path));
            if (held != null) {
                return new CodeStore(held, false, features);
            }
            var channel = channel(path);
            try {
                return open(path, channel, features);
            } finally {
                if (!HELD.containsValue(channel)) {
                    channel.close();
                }
            }
        }
    }

    /// What tells a file from all others of the host; null if there is none.
    private static Object key(Path path) throws IOException {
        return Files.exists(path)
                ? Files.readAttributes(path, BasicFileAttributes.class).fileKey()
                : null;
    }

    private static CodeStore open(Path path, FileChannel channel, int features) throws IOException {
        if (channel.tryLock() == null) {
            return new CodeStore(channel, false, features);
        }
        if (channel.size() > 0 && !isUsable(channel, features)) {
            channel.close();
            Files.deleteIfExists(path); // it stays for those who use it
            return open(path, features);
        }
        if (channel.size() == 0) {
            begin(channel, features);
        }
        HELD.put(key(path), channel);
        return new CodeStore(channel, true, features);
    }

    private static FileChannel channel(Path path) throws IOException {
        return FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
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

    private void readIndex() {
        long last = file.get(ValueLayout.JAVA_LONG_UNALIGNED, INDEX_AT);
        long rest = StoreIndex.read(file, HEADER_BYTES, last, table);
        if (rest != StoreIndex.NOWHERE) {
            lastIndex = last;
            indexed = table.count();
            end = rest;
        }
    }

    /// At what is not in the index.
    private void lookAtRest() {
        while (table.count() < RECORDS_MAX && isRecord(file, end)) {
            if (!StoreIndex.isAt(file, end)) {
                table.add(StoredRegion.key(file, end), (int) end);
            }
            end += StoredRegion.length(file, end);
        }
    }

    private static boolean isRecord(MemorySegment segment, long at) {
        if (at + StoredRegion.BYTES_MIN > segment.byteSize()) {
            return false;
        }
        int length = StoredRegion.length(segment, at);
        return length >= StoredRegion.BYTES_MIN
                && length <= StoredRegion.BYTES_MAX
                && at + length <= segment.byteSize();
    }

    /// Adds to the index what it has not, if that are at least so many records.
    private void writeIndex(int atLeast) throws IOException {
        while (table.count() - indexed >= atLeast) {
            int records = Math.min(table.count() - indexed, StoreIndex.ENTRIES_MAX);
            var index = StoreIndex.toBytes(lastIndex, table, indexed, records);
            long at = end;
            append(index);
            var place = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            writer.orElseThrow().write(place.putLong(0, at), INDEX_AT);
            lastIndex = at;
            indexed += records;
        }
    }

    /// Without it who opens the file next has more to look at.
    private void writeLastIndex() {
        try {
            writeIndex(UNINDEXED_LEFT);
        } catch (IOException e) {
            isOurs = false;
        }
    }

    private void append(MemorySegment record) throws IOException {
        var channel = writer.orElseThrow();
        var buffer = record.asByteBuffer();
        long at = end;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
        end = at;
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
        for (int entry = table.first(key); entry != RecordTable.NONE; entry = table.before(entry)) {
            var record = record(entry);
            if (record.isPresent()
                    && isFor(pc, mode, record.get())
                    && isSound(entry, record.get())) {
                found.add(new Found(entry, StoredRegion.read(record.get()).at(pc)));
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

    /// Empty if the file is damaged there.
    private Optional<MemorySegment> record(int entry) {
        int mapped = table.count() - recent.size();
        if (entry >= mapped) {
            return Optional.of(recent.get(entry - mapped));
        }
        int at = table.offset(entry);
        var piece = added.floorEntry(at);
        return piece == null ? slice(file, at) : slice(piece.getValue(), at - piece.getKey());
    }

    private static Optional<MemorySegment> slice(MemorySegment segment, long at) {
        return isRecord(segment, at)
                ? Optional.of(segment.asSlice(at, StoredRegion.length(segment, at)))
                : Optional.empty();
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
            return table.first(StoredRegion.key(pc, mode, code, at, false)) != RecordTable.NONE;
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
        return isOurs && !closed && end < FILE_BYTES_MAX && table.count() < RECORDS_MAX;
    }

    /// Adds a region, unless it is one of too many forms of the same code.
    synchronized void add(StoredRegion region) throws IOException {
        var record = region.toBytes();
        long key = StoredRegion.key(record, 0);
        int most = StoredRegion.isRelative(region.pc()) ? RELATIVE_VARIANTS_MAX : VARIANTS_MAX;
        if (!isWritable()
                || table.variants(key) >= most
                || record.byteSize() > StoredRegion.BYTES_MAX) {
            return;
        }
        long at = end;
        append(record);
        table.add(key, (int) at);
        recent.add(record);
        writeIndex(UNINDEXED_MAX);
        if (end - recentAt > RECENT_BYTES_MAX) {
            mapRecent();
        }
    }

    private void mapRecent() throws IOException {
        var channel = writer.orElseThrow();
        var piece = channel.map(FileChannel.MapMode.READ_ONLY, recentAt, end - recentAt, arena);
        added.put((int) recentAt, piece);
        recent.clear();
        recentAt = end;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        awaitIndex();
        closed = true;
        if (isOurs) {
            writeLastIndex();
        }
        arena.close();
        try {
            letGo();
        } catch (IOException e) {
            throw new Bug("a file that was written can be closed", e);
        }
    }

    private void letGo() throws IOException {
        if (writer.isPresent()) {
            synchronized (HELD) {
                HELD.values().remove(writer.get());
                writer.get().close();
            }
        }
    }
}
