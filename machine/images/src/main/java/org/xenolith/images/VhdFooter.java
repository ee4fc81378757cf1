package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;

/// The footer of a VHD file, a copy of which is at the begin of dynamic and differencing ones
/// (Virtual Hard Disk Image Format Specification, Hard Disk Footer Format).
///
/// @param dataOffset where the dynamic disk's header is; all ones in a fixed disk
/// @param timestamp seconds since the year 2000
/// @param creator four characters: what program made it, on which the size depends
/// @param originalSize and `currentSize`: bytes of the disk
record VhdFooter(
        long dataOffset,
        int timestamp,
        String creator,
        int creatorVersion,
        int creatorHost,
        long originalSize,
        long currentSize,
        Geometry geometry,
        Type type,
        UUID id,
        byte savedState) {
    static final int BYTES = 512;
    static final long NO_DATA_OFFSET = -1;

    /// What the 32-bit sector numbers of the format allow: 2040 GiB, as other programs have it.
    static final long SIZE_MAX = 0xFF00_0000L * 512;

    /// Seconds from 1970 to 2000.
    static final long EPOCH_SECONDS = 946_684_800;

    private static final long COOKIE = 0x636F_6E65_6374_6978L; // "conectix"
    private static final int FEATURES_RESERVED = 2;
    private static final int VERSION = 0x0001_0000;
    private static final int CHECKSUM_AT = 64;
    private static final String OUR_CREATOR = "tap\0";
    private static final int OUR_CREATOR_VERSION = 0x0001_0003;

    enum Type {
        FIXED(2),
        DYNAMIC(3),
        DIFFERENCING(4);

        final int number;

        Type(int number) {
            this.number = number;
        }
    }

    /// Cylinders, heads and sectors, as ancient BIOSes count.
    record Geometry(int cylinders, int heads, int sectors) {
        static final Geometry LARGEST = new Geometry(65_535, 16, 255);

        long bytes() {
            return (long) cylinders * heads * sectors * 512;
        }

        /// The specification's appendix, CHS Calculation; rounds down.
        static Geometry of(long bytes) {
            long total = bytes / 512;
            if (total > 65_535L * 16 * 255) {
                return LARGEST;
            }
            if (total >= 65_535L * 16 * 63) {
                return new Geometry((int) (total / 255 / 16), 16, 255);
            }
            long tracks = total / 17;
            long heads = Math.max(4, (tracks + 1023) / 1024);
            if (tracks < heads * 1024 && heads <= 16) {
                return new Geometry((int) (tracks / heads), (int) heads, 17);
            }
            tracks = total / 31;
            if (tracks < 16 * 1024) {
                return new Geometry((int) (tracks / 16), 16, 31);
            }
            return new Geometry((int) (total / 63 / 16), 16, 63);
        }
    }

    static VhdFooter create(Type type, long size, int timestamp, UUID id) {
        return new VhdFooter(
                type == Type.FIXED ? NO_DATA_OFFSET : BYTES,
                timestamp,
                OUR_CREATOR,
                OUR_CREATOR_VERSION,
                0,
                size,
                size,
                Geometry.of(size),
                type,
                id,
                (byte) 0);
    }

    /// Another size; from now on it is the size in bytes that counts, not the geometry.
    VhdFooter withSize(long size) {
        return new VhdFooter(
                dataOffset,
                timestamp,
                OUR_CREATOR,
                OUR_CREATOR_VERSION,
                creatorHost,
                originalSize,
                size,
                Geometry.of(size),
                type,
                id,
                savedState);
    }

    /// Virtual PC and older versions of QEMU go by the geometry, unless that is at its limit; all
    /// others by the size. QEMU reads files so, too (block/vpc.c in its tree).
    long diskBytes() {
        boolean byGeometry =
                (creator.equals("vpc ") || creator.equals("qemu"))
                        && !geometry.equals(Geometry.LARGEST);
        return byGeometry ? geometry.bytes() : currentSize;
    }

    ByteBuffer encode() {
        var bytes = ByteBuffer.allocate(BYTES);
        bytes.putLong(0, COOKIE).putInt(8, FEATURES_RESERVED).putInt(12, VERSION);
        bytes.putLong(16, dataOffset).putInt(24, timestamp);
        bytes.put(28, creator.getBytes(StandardCharsets.ISO_8859_1));
        bytes.putInt(32, creatorVersion).putInt(36, creatorHost);
        bytes.putLong(40, originalSize).putLong(48, currentSize);
        bytes.putShort(56, (short) geometry.cylinders);
        bytes.put(58, (byte) geometry.heads).put(59, (byte) geometry.sectors);
        bytes.putInt(60, type.number);
        bytes.putLong(68, id.getMostSignificantBits()).putLong(76, id.getLeastSignificantBits());
        bytes.put(84, savedState);
        return bytes.putInt(CHECKSUM_AT, checksum(bytes, CHECKSUM_AT));
    }

    /// One's complement of the sum of all bytes but the four of the checksum itself.
    static int checksum(ByteBuffer bytes, int checksumAt) {
        int sum = 0;
        for (int i = 0; i < bytes.limit(); i++) {
            if (i < checksumAt || i >= checksumAt + 4) {
                sum += bytes.get(i) & 0xFF;
            }
        }
        return ~sum;
    }

    static boolean isMeant(ByteBuffer bytes) {
        return bytes.limit() >= 8 && bytes.getLong(0) == COOKIE;
    }

    /// Empty if it is none, or damaged.
    static Optional<VhdFooter> parse(ByteBuffer bytes) {
        if (!isMeant(bytes) || bytes.getInt(CHECKSUM_AT) != checksum(bytes, CHECKSUM_AT)) {
            return Optional.empty();
        }
        var creator = new byte[4];
        bytes.get(28, creator);
        for (var type : Type.values()) {
            if (type.number == bytes.getInt(60)) {
                return Optional.of(
                        new VhdFooter(
                                bytes.getLong(16),
                                bytes.getInt(24),
                                new String(creator, StandardCharsets.ISO_8859_1),
                                bytes.getInt(32),
                                bytes.getInt(36),
                                bytes.getLong(40),
                                bytes.getLong(48),
                                new Geometry(
                                        bytes.getShort(56) & 0xFFFF,
                                        bytes.get(58) & 0xFF,
                                        bytes.get(59) & 0xFF),
                                type,
                                new UUID(bytes.getLong(68), bytes.getLong(76)),
                                bytes.get(84)));
            }
        }
        return Optional.empty();
    }

    /// The footer of a file, or its copy at the begin if the footer is damaged.
    static VhdFooter read(Storage storage) throws ImageException {
        long end = storage.size();
        if (end < BYTES) {
            throw new ImageException.Damaged(storage.name() + ": is not a VHD file");
        }
        var bytes = ByteBuffer.allocate(BYTES);
        storage.read(end - BYTES, bytes);
        var footer = parse(bytes);
        if (footer.isEmpty()) {
            storage.read(0, bytes.clear());
            footer = parse(bytes);
        }
        var found =
                footer.orElseThrow(() ->
                        new ImageException.Damaged(
                                storage.name() + ": there is no VHD footer, or it is damaged"));
        if (found.diskBytes() < 0 || found.diskBytes() > SIZE_MAX) {
            throw new ImageException.Damaged(
                    "%s: a disk of %s bytes"
                            .formatted(storage.name(), Long.toUnsignedString(found.diskBytes())));
        }
        return found;
    }
}
