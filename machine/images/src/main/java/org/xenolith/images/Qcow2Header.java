package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// The first cluster of a qcow2 file (docs/interop/qcow2 in QEMU's tree, sections Header and Header
/// extensions). What is in a record of this class has passed every check that needs no other
/// cluster.
///
/// @param size bytes of the virtual disk
/// @param refcountOrder a reference count has 2^refcountOrder bits
record Qcow2Header(
        int version,
        int clusterBits,
        long size,
        int refcountOrder,
        Compression compression,
        Tables tables,
        Features features,
        Optional<Backing> backing,
        Optional<BitmapDirectory> bitmaps,
        List<Extension> others) {
    static final int MAGIC = 0x514649FB;
    static final int CLUSTER_BITS_MIN = 9;
    static final int CLUSTER_BITS_MAX = 21;

    /// QEMU accepts four times as much; this is 512 TiB in clusters of 64 KiB.
    static final int L1_BYTES_MAX = 8 << 20;

    static final int REFCOUNT_TABLE_BYTES_MAX = 8 << 20;
    static final int SNAPSHOTS_MAX = 65_536;
    static final int BACKING_NAME_BYTES_MAX = 1023;
    static final int BACKING_FORMAT_BYTES_MAX = 15;
    static final int EXTENSIONS_MAX = 64;

    private static final int V2_BYTES = 72;
    private static final int V3_BYTES = 104;
    private static final int OUR_V3_BYTES = 112;

    private static final int EXTENSION_END = 0;
    private static final int EXTENSION_BACKING_FORMAT = 0xE2792ACA;
    private static final int EXTENSION_BITMAPS = 0x23852875;
    private static final int EXTENSION_DATA_FILE = 0x44415441;

    private static final int BITMAP_EXTENSION_BYTES = 24;

    /// How compressed clusters are.
    enum Compression {
        ZLIB,
        ZSTD
    }

    /// Where the tables are, in bytes from the file's begin, and how large they are.
    record Tables(
            long l1Offset,
            int l1Entries,
            long refcountOffset,
            int refcountClusters,
            long snapshotsOffset,
            int snapshots) {}

    /// The three sets of feature bits.
    record Features(long incompatible, long compatible, long autoclear) {
        static final long DIRTY = 1;
        static final long CORRUPT = 2;
        static final long EXTERNAL_DATA = 4;
        static final long COMPRESSION_TYPE = 8;
        static final long EXTENDED_L2 = 16;
        static final long BITMAPS = 1;
    }

    /// The name of the backing file as it is written, and its format where that is.
    record Backing(String name, Optional<String> format) {}

    /// The bitmaps extension.
    record BitmapDirectory(int bitmaps, long bytes, long offset) {}

    /// A header extension that is kept as it is.
    record Extension(int type, byte[] content) {}

    int clusterBytes() {
        return 1 << clusterBits;
    }

    int refcountBits() {
        return 1 << refcountOrder;
    }

    /// Entries of an L2 table.
    int l2Entries() {
        return 1 << (clusterBits - 3);
    }

    boolean isDirty() {
        return (features.incompatible & Features.DIRTY) != 0;
    }

    boolean isCorrupt() {
        return (features.incompatible & Features.CORRUPT) != 0;
    }

    /// How many L1 entries a disk of `size` bytes needs.
    static long l1EntriesFor(long size, int clusterBits) {
        int bits = clusterBits + clusterBits - 3;
        return (size >> bits) + ((size & (1L << bits) - 1) == 0 ? 0 : 1);
    }

    Qcow2Header with(Tables newTables) {
        return new Qcow2Header(
                version,
                clusterBits,
                size,
                refcountOrder,
                compression,
                newTables,
                features,
                backing,
                bitmaps,
                others);
    }

    Qcow2Header with(Features newFeatures) {
        return new Qcow2Header(
                version,
                clusterBits,
                size,
                refcountOrder,
                compression,
                tables,
                newFeatures,
                backing,
                bitmaps,
                others);
    }

    Qcow2Header withIncompatible(long bit, boolean set) {
        long bits = set ? features.incompatible | bit : features.incompatible & ~bit;
        return with(new Features(bits, features.compatible, features.autoclear));
    }

    Qcow2Header withSize(long newSize) {
        return new Qcow2Header(
                version,
                clusterBits,
                newSize,
                refcountOrder,
                compression,
                tables,
                features,
                backing,
                bitmaps,
                others);
    }

    /// The bitmaps extension and the autoclear bit that vouches for it.
    Qcow2Header withBitmaps(Optional<BitmapDirectory> directory) {
        long autoclear =
                directory.isPresent()
                        ? features.autoclear | Features.BITMAPS
                        : features.autoclear & ~Features.BITMAPS;
        return new Qcow2Header(
                version,
                clusterBits,
                size,
                refcountOrder,
                compression,
                tables,
                new Features(features.incompatible, features.compatible, autoclear),
                backing,
                directory,
                others);
    }

    /// The whole header area. What changes in the life of an image is in its first 512 bytes, so
    /// that it changes at once or not at all.
    ByteBuffer encode(String file) throws ImageException {
        var area = ByteBuffer.allocate(clusterBytes());
        try {
            area.position(version >= 3 ? OUR_V3_BYTES : V2_BYTES);
            if (bitmaps.isPresent()) {
                var directory = bitmaps.get();
                area.putInt(EXTENSION_BITMAPS).putInt(BITMAP_EXTENSION_BYTES);
                area.putInt(directory.bitmaps).putInt(0);
                area.putLong(directory.bytes).putLong(directory.offset);
            }
            if (backing.isPresent() && backing.get().format.isPresent()) {
                var format = backing.get().format.get().getBytes(StandardCharsets.UTF_8);
                putExtension(area, new Extension(EXTENSION_BACKING_FORMAT, format));
            }
            for (var other : others) {
                putExtension(area, other);
            }
            area.putInt(EXTENSION_END).putInt(0);
            int nameAt = area.position();
            int nameBytes = 0;
            if (backing.isPresent()) {
                var name = backing.get().name.getBytes(StandardCharsets.UTF_8);
                area.put(name);
                nameBytes = name.length;
            }
            putFields(area, nameBytes == 0 ? 0 : nameAt, nameBytes);
            return area.flip().limit(Math.min(area.capacity(), nameAt + nameBytes));
        } catch (java.nio.BufferOverflowException e) {
            throw new ImageException.Refused(
                    "%s: a cluster of %d bytes is too small for header and backing file name"
                            .formatted(file, clusterBytes()));
        }
    }

    private static void putExtension(ByteBuffer area, Extension extension) {
        area.putInt(extension.type).putInt(extension.content.length).put(extension.content);
        Bytes.fillWithZeros(area, -extension.content.length & 7);
    }

    private void putFields(ByteBuffer area, int nameAt, int nameBytes) {
        area.putInt(0, MAGIC).putInt(4, version).putLong(8, nameAt).putInt(16, nameBytes);
        area.putInt(20, clusterBits).putLong(24, size);
        area.putInt(36, tables.l1Entries).putLong(40, tables.l1Offset);
        area.putLong(48, tables.refcountOffset).putInt(56, tables.refcountClusters);
        area.putInt(60, tables.snapshots).putLong(64, tables.snapshotsOffset);
        if (version >= 3) {
            area.putLong(72, features.incompatible).putLong(80, features.compatible);
            area.putLong(88, features.autoclear).putInt(96, refcountOrder);
            area.putInt(100, OUR_V3_BYTES).put(104, (byte) compression.ordinal());
        }
    }

    /// Reads and checks the header of a file of `fileBytes` bytes.
    static Qcow2Header read(Storage storage) throws ImageException {
        var start = ByteBuffer.allocate(V3_BYTES + 8);
        storage.read(0, start);
        var parser = new Parser(storage.name(), storage.size(), start);
        var clusterBytes = 1 << parser.clusterBits();
        var area = ByteBuffer.allocate(clusterBytes);
        storage.read(0, area);
        return new Parser(storage.name(), storage.size(), area).header();
    }

    /// Whether a file begins like a qcow2 file.
    static boolean isMeant(ByteBuffer start) {
        return start.limit() >= 4 && start.getInt(0) == MAGIC;
    }

    /// Reads one header; everything in `area` may be hostile.
    private record Parser(String file, long fileBytes, ByteBuffer area) {
        private ImageException damaged(String format, Object... values) {
            return new ImageException.Damaged(file + ": " + format.formatted(values));
        }

        private ImageException unsupported(String format, Object... values) {
            return new ImageException.Unsupported(file + ": " + format.formatted(values));
        }

        int clusterBits() throws ImageException {
            if (!isMeant(area)) {
                throw damaged("is not a qcow2 file");
            }
            int version = area.getInt(4);
            if (version != 2 && version != 3) {
                throw unsupported("is qcow2 version %s", Integer.toUnsignedString(version));
            }
            int bits = area.getInt(20);
            if (bits < CLUSTER_BITS_MIN || bits > CLUSTER_BITS_MAX) {
                throw damaged("clusters of 2^%s bytes", Integer.toUnsignedString(bits));
            }
            return bits;
        }

        Qcow2Header header() throws ImageException {
            int bits = clusterBits();
            int version = area.getInt(4);
            var features = version == 2 ? new Features(0, 0, 0) : features();
            checkEncryption();
            int order = version == 2 ? 4 : area.getInt(96);
            if (order < 0 || order > 6) {
                throw damaged("reference counts of 2^%s bits", Integer.toUnsignedString(order));
            }
            int headerBytes = version == 2 ? V2_BYTES : headerBytes();
            var extensions = extensions(headerBytes);
            var header =
                    new Qcow2Header(
                            version,
                            bits,
                            size(),
                            order,
                            compression(headerBytes, features),
                            tables(bits),
                            features,
                            backing(extensions),
                            bitmaps(extensions, bits),
                            extensions.stream().filter(Parser::isKept).toList());
            checkTables(header);
            return header;
        }

        private Features features() throws ImageException {
            var features = new Features(area.getLong(72), area.getLong(80), area.getLong(88));
            long bits = features.incompatible;
            if ((bits & Features.EXTERNAL_DATA) != 0) {
                throw unsupported("keeps its data in an external file, which is not supported");
            }
            if ((bits & Features.EXTENDED_L2) != 0) {
                throw unsupported("has extended L2 entries, which are not supported");
            }
            long unknown = bits & ~(Features.DIRTY | Features.CORRUPT | Features.COMPRESSION_TYPE);
            if (unknown != 0) {
                throw unsupported("has unknown incompatible features: bits %#x", unknown);
            }
            return features;
        }

        private void checkEncryption() throws ImageException {
            if (area.getInt(32) != 0) {
                throw unsupported("is encrypted, which is not supported");
            }
        }

        private int headerBytes() throws ImageException {
            int bytes = area.getInt(100);
            if (bytes < V3_BYTES || bytes > area.limit() || (bytes & 7) != 0) {
                throw damaged("a header of %s bytes", Integer.toUnsignedString(bytes));
            }
            return bytes;
        }

        private Compression compression(int headerBytes, Features features) throws ImageException {
            int type = headerBytes > V3_BYTES ? area.get(V3_BYTES) & 0xFF : 0;
            boolean said = (features.incompatible & Features.COMPRESSION_TYPE) != 0;
            if (said != (type != 0)) {
                throw damaged("the compression type contradicts the features");
            }
            if (type >= Compression.values().length) {
                throw unsupported("compression type %d is unknown", type);
            }
            return Compression.values()[type];
        }

        private long size() throws ImageException {
            long size = area.getLong(24);
            if (size < 0) {
                throw damaged("a disk of %s bytes", Long.toUnsignedString(size));
            }
            return size;
        }

        private Tables tables(int clusterBits) throws ImageException {
            long l1Entries = area.getInt(36) & 0xFFFF_FFFFL;
            if (l1Entries * 8 > L1_BYTES_MAX) {
                throw unsupported(
                        "an L1 table of %d entries; %d are the most", l1Entries, L1_BYTES_MAX / 8);
            }
            long refcountClusters = area.getInt(56) & 0xFFFF_FFFFL;
            if (refcountClusters << clusterBits > REFCOUNT_TABLE_BYTES_MAX) {
                throw unsupported("a refcount table of %d clusters", refcountClusters);
            }
            if (refcountClusters == 0) {
                throw damaged("there is no refcount table");
            }
            long snapshots = area.getInt(60) & 0xFFFF_FFFFL;
            if (snapshots > SNAPSHOTS_MAX) {
                throw damaged("%d snapshots", snapshots);
            }
            return new Tables(
                    area.getLong(40),
                    (int) l1Entries,
                    area.getLong(48),
                    (int) refcountClusters,
                    area.getLong(64),
                    (int) snapshots);
        }

        private void checkTables(Qcow2Header header) throws ImageException {
            var tables = header.tables;
            if (l1EntriesFor(header.size, header.clusterBits) > tables.l1Entries) {
                throw damaged("the L1 table is too small for a disk of %d bytes", header.size);
            }
            if (tables.l1Entries > 0) {
                checkPlace("L1 table", tables.l1Offset, tables.l1Entries * 8L);
            }
            long refcountBytes = (long) tables.refcountClusters << header.clusterBits;
            checkPlace("refcount table", tables.refcountOffset, refcountBytes);
            if (tables.snapshots > 0) {
                checkPlace("snapshot table", tables.snapshotsOffset, 1);
            }
            if (tables.l1Entries > 0
                    && tables.l1Offset < tables.refcountOffset + refcountBytes
                    && tables.refcountOffset < tables.l1Offset + tables.l1Entries * 8L) {
                throw damaged("the L1 table and the refcount table overlap");
            }
        }

        private void checkPlace(String what, long offset, long bytes) throws ImageException {
            if ((offset & area.limit() - 1) != 0) {
                throw damaged("the %s is not at the begin of a cluster", what);
            }
            if (offset < area.limit() || offset >= fileBytes || offset > Long.MAX_VALUE - bytes) {
                throw damaged("the %s is not inside the file", what);
            }
        }

        private List<Extension> extensions(int headerBytes) throws ImageException {
            var found = new ArrayList<Extension>();
            long nameAt = area.getLong(8);
            long end = nameAt > headerBytes && nameAt < area.limit() ? nameAt : area.limit();
            int at = headerBytes;
            while (at + 8 <= end) {
                int type = area.getInt(at);
                long length = area.getInt(at + 4) & 0xFFFF_FFFFL;
                if (type == EXTENSION_END) {
                    break;
                }
                if (length > end - at - 8) {
                    throw damaged("header extension %#x is too long", type);
                }
                if (found.size() == EXTENSIONS_MAX) {
                    throw damaged("more than %d header extensions", EXTENSIONS_MAX);
                }
                var content = new byte[(int) length];
                area.get(at + 8, content);
                found.add(new Extension(type, content));
                at = (int) (at + 8 + Bytes.roundUp(length, 8));
            }
            return found;
        }

        private static boolean isKept(Extension extension) {
            return extension.type != EXTENSION_BACKING_FORMAT
                    && extension.type != EXTENSION_BITMAPS
                    && extension.type != EXTENSION_DATA_FILE;
        }

        private static Optional<byte[]> find(List<Extension> extensions, int type) {
            return extensions.stream()
                    .filter(extension -> extension.type == type)
                    .map(Extension::content)
                    .findFirst();
        }

        private Optional<Backing> backing(List<Extension> extensions) throws ImageException {
            long at = area.getLong(8);
            long bytes = area.getInt(16) & 0xFFFF_FFFFL;
            if (at == 0 || bytes == 0) {
                return Optional.empty();
            }
            if (bytes > BACKING_NAME_BYTES_MAX) {
                throw damaged("a backing file name of %d bytes", bytes);
            }
            if (at < 0 || at > area.limit() - bytes) {
                throw damaged("the backing file name is not in the first cluster");
            }
            var name = new byte[(int) bytes];
            area.get((int) at, name);
            if (!Arrays.equals(text(name).getBytes(StandardCharsets.UTF_8), name)) {
                throw unsupported("the backing file name is not UTF-8");
            }
            var format = find(extensions, EXTENSION_BACKING_FORMAT);
            if (format.isPresent() && format.get().length > BACKING_FORMAT_BYTES_MAX) {
                throw damaged("a backing format name of %d bytes", format.get().length);
            }
            return Optional.of(new Backing(text(name), format.map(Parser::text)));
        }

        private static String text(byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private Optional<BitmapDirectory> bitmaps(List<Extension> extensions, int clusterBits)
                throws ImageException {
            boolean vouched = area.getInt(4) >= 3 && (area.getLong(88) & Features.BITMAPS) != 0;
            var content = find(extensions, EXTENSION_BITMAPS);
            if (!vouched) {
                return Optional.empty();
            }
            if (content.isEmpty() || content.get().length != BITMAP_EXTENSION_BYTES) {
                throw damaged(
                        "the bitmaps extension is missing or wrong: %s",
                        content.map(HexFormat.of()::formatHex).orElse("none"));
            }
            var fields = ByteBuffer.wrap(content.get());
            var directory =
                    new BitmapDirectory(fields.getInt(0), fields.getLong(8), fields.getLong(16));
            checkPlace("bitmap directory", directory.offset, Math.max(1, directory.bytes));
            if (directory.bitmaps < 1
                    || directory.bitmaps > Qcow2Bitmaps.BITMAPS_MAX
                    || directory.bytes < 0
                    || directory.bytes > Qcow2Bitmaps.DIRECTORY_BYTES_MAX) {
                throw damaged("%d bitmaps in %d bytes", directory.bitmaps, directory.bytes);
            }
            return Optional.of(directory);
        }
    }
}
