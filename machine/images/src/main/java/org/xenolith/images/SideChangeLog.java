package org.xenolith.images;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/// The change log of a raw or VHD file, in a file beside it (docs/specs/changed-blocks.md).
///
/// The file names the image's inode, and the time of its last change as it was when the log was
/// closed; if they are others now, somebody else has written. Before the first change the log is
/// marked in use, which a crash leaves behind.
final class SideChangeLog implements ChangeTracker {
    static final String SUFFIX = ".changes";

    private static final long MAGIC = 0x584C_4348_414E_4745L; // "XLCHANGE"
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 48;
    private static final int FLAGS_AT = 12;
    private static final int FLAG_IN_USE = 1;
    private static final int CHECKSUM_AT = 40;
    private static final int POINT_BYTES = 16;
    private static final int FILE_BYTES_MAX = 32 << 20;

    /// A point and what has changed since.
    private record Tracked(String name, boolean complete, ChangeBitmap bits) {}

    /// By what an image is known again.
    private record Identity(long inode, long seconds, int nanos) {
        static Identity of(Path image) throws IOException {
            var time = Files.getLastModifiedTime(image);
            long nanos = time.to(TimeUnit.NANOSECONDS);
            return new Identity(
                    inode(image),
                    Math.floorDiv(nanos, 1_000_000_000L),
                    (int) Math.floorMod(nanos, 1_000_000_000L));
        }

        private static long inode(Path image) throws IOException {
            try {
                return ((Number) Files.getAttribute(image, "unix:ino")).longValue();
            } catch (UnsupportedOperationException | IllegalArgumentException e) {
                return 0; // This host has none.
            }
        }
    }

    private final Path image;
    private final Path file;
    private long size;
    private volatile List<Tracked> tracked = List.of();
    private volatile boolean loaded;
    private volatile boolean marked;
    private boolean changed;

    /// The log of an image of `size` bytes. It is read when it is needed first, which is before the
    /// first change.
    SideChangeLog(Path image, long size) {
        this.image = image;
        this.size = size;
        file = image.resolveSibling(image.getFileName() + SUFFIX);
    }

    private List<Tracked> tracked() throws ImageException {
        if (!loaded) {
            load();
        }
        return tracked;
    }

    private synchronized void load() throws ImageException {
        if (loaded) {
            return;
        }
        try {
            if (Files.exists(file)) {
                if (Files.size(file) > FILE_BYTES_MAX) {
                    throw damaged("it is too large");
                }
                tracked = parse(ByteBuffer.wrap(Files.readAllBytes(file)));
            }
        } catch (IOException e) {
            throw failed("read", e);
        }
        loaded = true;
    }

    private ImageException damaged(String why) {
        return new ImageException.Damaged(
                "%s: is not a change log, or a damaged one: %s".formatted(file, why));
    }

    private ImageException failed(String what, IOException e) {
        return new ImageException.HostFailed(
                "%s: cannot %s the change log: %s".formatted(file, what, e.getMessage()), e);
    }

    private List<Tracked> parse(ByteBuffer bytes) throws ImageException, IOException {
        if (bytes.limit() < HEADER_BYTES || bytes.getLong(0) != MAGIC) {
            throw damaged("it begins otherwise");
        }
        if (bytes.getInt(8) != VERSION) {
            throw new ImageException.Unsupported(
                    "%s: is a change log of version %s"
                            .formatted(file, Integer.toUnsignedString(bytes.getInt(8))));
        }
        if (bytes.getLong(CHECKSUM_AT) != checksum(bytes)) {
            throw damaged("its checksum is wrong");
        }
        boolean inUse = (bytes.getInt(FLAGS_AT) & FLAG_IN_USE) != 0;
        var identity = new Identity(bytes.getLong(16), bytes.getLong(24), bytes.getInt(32));
        boolean reliable = !inUse && identity.equals(Identity.of(image));
        int count = bytes.getInt(36);
        if (count < 0 || count > POINTS_MAX) {
            throw damaged("%d points".formatted(count));
        }
        var found = new ArrayList<Tracked>();
        bytes.position(HEADER_BYTES);
        for (int i = 0; i < count; i++) {
            found.add(parsePoint(bytes, reliable));
        }
        return List.copyOf(found);
    }

    /// From where the flags and the header's own checksum are not: they change alone.
    private static long checksum(ByteBuffer bytes) {
        var crc = new CRC32();
        crc.update(bytes.slice(16, CHECKSUM_AT - 16));
        crc.update(bytes.slice(HEADER_BYTES, bytes.limit() - HEADER_BYTES));
        return crc.getValue();
    }

    private Tracked parsePoint(ByteBuffer bytes, boolean reliable) throws ImageException {
        if (bytes.remaining() < POINT_BYTES) {
            throw damaged("it is cut off");
        }
        int at = bytes.position();
        int nameBytes = bytes.getShort(at) & 0xFFFF;
        int granularityBits = bytes.get(at + 2);
        boolean complete = bytes.get(at + 3) == 0;
        long diskBytes = bytes.getLong(at + 8);
        if (granularityBits < ChangeBitmap.GRANULARITY_BITS_MIN
                || granularityBits > ChangeBitmap.GRANULARITY_BITS_MAX
                || diskBytes < 0
                || ChangeBitmap.bitsFor(diskBytes, granularityBits) > ChangeBitmap.BITS_MAX) {
            throw damaged("a point of %d bytes".formatted(diskBytes));
        }
        int bitBytes = (int) Math.ceilDiv(ChangeBitmap.bitsFor(diskBytes, granularityBits), 8);
        if (bytes.remaining() < POINT_BYTES + nameBytes + bitBytes) {
            throw damaged("it is cut off");
        }
        var name = new byte[nameBytes];
        bytes.get(at + POINT_BYTES, name);
        var bits = new ChangeBitmap(diskBytes, granularityBits);
        bits.load(0, bytes.slice(at + POINT_BYTES + nameBytes, bitBytes));
        bytes.position(at + POINT_BYTES + nameBytes + bitBytes);
        return new Tracked(
                new String(name, StandardCharsets.UTF_8),
                complete && reliable && diskBytes == size,
                bits);
    }

    private ByteBuffer encode() throws IOException {
        int length = HEADER_BYTES;
        for (var point : tracked) {
            length += POINT_BYTES + point.name.getBytes(StandardCharsets.UTF_8).length;
            length += point.bits.toBytes().remaining();
        }
        var identity = Identity.of(image);
        var bytes = ByteBuffer.allocate(length);
        bytes.putLong(MAGIC).putInt(VERSION).putInt(0);
        bytes.putLong(identity.inode).putLong(identity.seconds).putInt(identity.nanos);
        bytes.putInt(tracked.size()).putLong(0);
        for (var point : tracked) {
            var name = point.name.getBytes(StandardCharsets.UTF_8);
            bytes.putShort((short) name.length).put((byte) point.bits.granularityBits());
            bytes.put((byte) (point.complete ? 0 : 1)).putInt(0).putLong(point.bits.size());
            bytes.put(name).put(point.bits.toBytes());
        }
        return bytes.putLong(CHECKSUM_AT, checksum(bytes.clear()));
    }

    @Override
    public void mark(long offset, long bytes) throws ImageException {
        if (!marked) {
            markInUse();
        }
        for (var point : tracked) {
            point.bits.mark(offset, bytes);
        }
    }

    /// The points; none if the log cannot be read. A damaged log does not keep a disk from being
    /// written, and cannot be taken for a sound one later.
    private List<Tracked> readable() throws ImageException {
        try {
            return tracked();
        } catch (ImageException.Damaged | ImageException.Unsupported e) {
            loaded = true;
            return tracked;
        }
    }

    private synchronized void markInUse() throws ImageException {
        if (marked) {
            return;
        }
        if (!readable().isEmpty()) {
            changed = true;
            try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(4).putInt(0, FLAG_IN_USE), FLAGS_AT);
                channel.force(true);
            } catch (IOException e) {
                throw failed("mark", e);
            }
        }
        marked = true;
    }

    /// Writes the log if it has changed. Called alone, after the image was flushed and nothing more
    /// is going to be written to it.
    synchronized void save() throws ImageException {
        if (changed) {
            write();
        }
    }

    private void write() throws ImageException {
        try {
            if (tracked.isEmpty()) {
                Files.deleteIfExists(file);
            } else {
                var next = file.resolveSibling(file.getFileName() + ".new");
                try (var channel =
                        FileChannel.open(
                                next,
                                StandardOpenOption.CREATE,
                                StandardOpenOption.TRUNCATE_EXISTING,
                                StandardOpenOption.WRITE)) {
                    var bytes = encode();
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                    channel.force(true);
                }
                Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw failed("write", e);
        }
        changed = false;
        marked = false;
    }

    @Override
    public void resized(long bytes) throws ImageException {
        markInUse();
        tracked.forEach(point -> point.bits.resize(bytes));
        size = bytes;
    }

    @Override
    public List<Point> points() throws ImageException {
        return tracked().stream()
                .map(point ->
                        new Point(
                                point.name,
                                1 << point.bits.granularityBits(),
                                point.complete ? State.COMPLETE : State.INCOMPLETE,
                                point.bits.changedBytes()))
                .toList();
    }

    /// Called alone.
    @Override
    public void start(String name) throws ImageException {
        ChangeTracker.checkName(image.toString(), name);
        if (!Files.isRegularFile(image)) {
            throw new ImageException.Unsupported(
                    image + ": a block device does not say when others write to it");
        }
        if (tracked().stream().anyMatch(point -> point.name.equals(name))) {
            throw new ImageException.Refused(
                    "%s: there is a point \"%s\" already".formatted(image, name));
        }
        if (tracked.size() >= POINTS_MAX) {
            throw new ImageException.Refused(
                    "%s: there are %d points already".formatted(image, tracked.size()));
        }
        var longer = new ArrayList<>(tracked);
        longer.add(new Tracked(name, true, ChangeBitmap.of(size)));
        tracked = List.copyOf(longer);
        write();
    }

    /// Called alone.
    @Override
    public void remove(String name) throws ImageException {
        find(name);
        tracked = tracked.stream().filter(point -> !point.name.equals(name)).toList();
        write();
    }

    @Override
    public List<Range> since(String name) throws ImageException {
        var point = find(name);
        if (!point.complete) {
            throw ChangeTracker.incomplete(image.toString(), name);
        }
        return point.bits.ranges();
    }

    private Tracked find(String name) throws ImageException {
        return tracked().stream()
                .filter(point -> point.name.equals(name))
                .findFirst()
                .orElseThrow(() -> ChangeTracker.unknownPoint(image.toString(), name));
    }
}
