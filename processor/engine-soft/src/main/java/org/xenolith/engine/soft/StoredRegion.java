package org.xenolith.engine.soft;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.base.Bug;
import org.xenolith.baseline.RegionImage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/// A region of machine code as it is kept between runs: what it has been made from, which is all
/// that decides whether it can be used, and its code.
///
/// @param pc the guest's address of its entry
/// @param mode the mode that it has been made for
/// @param entryLength bytes of the block at its entry
/// @param parts the guest's code, the entry first; none is empty
record StoredRegion(long pc, int mode, int entryLength, List<Part> parts, RegionImage image) {
    /// Bytes of the guest's code that follow each other from `pc` on.
    record Part(long pc, MemorySegment bytes) {
        Part {
            Bug.check(bytes.byteSize() > 0 && bytes.byteSize() <= 4096, "a part is some bytes");
        }
    }

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    // Where the fields of a record are in bytes; parts follow, each an address, a length and bytes;
    // then the code. The checksum (CRC-32C) is over all that is behind it.
    private static final int LENGTH = 0;
    private static final int CHECKSUM = 4;
    private static final int PC = 8;
    private static final int MODE = 16;
    private static final int ENTRY_LENGTH = 20;
    private static final int EXPLICIT_FLAGS = 24;
    private static final int PARTS = 28;
    private static final int CODE_LENGTH = 32;
    private static final int HEADER_BYTES = 36;
    private static final int PART_HEADER_BYTES = 12;

    /// Kernels, and programs below this address, are found at the same address again.
    private static final long FIXED_MAX = 1L << 32;

    /// Bytes of code that a key of relative code has, if there are so many.
    private static final int KEY_BYTES = 4;

    /// Bytes of a record at least and at most.
    static final int BYTES_MIN = HEADER_BYTES + PART_HEADER_BYTES + 1;

    static final int BYTES_MAX = 1 << 17;

    StoredRegion {
        parts = List.copyOf(parts);
    }

    /// Whether code at an address is made so that it can be used elsewhere, at the same place of a
    /// page: programs and libraries that lie at random addresses.
    static boolean isRelative(long pc) {
        return pc >= FIXED_MAX;
    }

    /// Whether all of a region's blocks are such code.
    ///
    /// @param distances where they begin, less the entry's address
    static boolean areRelative(long entry, long[] distances) {
        for (long distance : distances) {
            if (!isRelative(entry + distance)) {
                return false;
            }
        }
        return true;
    }

    /// What a region is found by that begins at an address.
    ///
    /// @param code where the guest's code is, from `at` on
    /// @param isShort whether it is one of those that are found by one byte only; of no meaning for
    ///   code that is not relative
    static long key(long pc, int mode, MemorySegment code, long at, boolean isShort) {
        long place = pc;
        if (isRelative(pc)) {
            int first = isShort ? code.get(ValueLayout.JAVA_BYTE, at) : code.get(INT, at);
            place =
                    1L << 62
                            | (isShort ? 1L << 61 : 0)
                            | (pc & PAGE_BYTES - 1) << 32
                            | first & 0xFFFF_FFFFL;
        }
        return (place ^ (long) mode << 44) * 0x9E37_79B9_7F4A_7C15L;
    }

    /// Whether what begins at an address, with so many bytes, is found by its first byte only.
    static boolean isShort(long pc, long bytes) {
        return bytes < KEY_BYTES || (pc & PAGE_BYTES - 1) > PAGE_BYTES - KEY_BYTES;
    }

    /// What a record at `at` is found by.
    static long key(MemorySegment file, long at) {
        long pc = pc(file, at);
        int length = file.get(INT, at + HEADER_BYTES + Long.BYTES);
        long code = at + HEADER_BYTES + PART_HEADER_BYTES;
        boolean isShort = isShort(pc, length) || code + KEY_BYTES > at + length(file, at);
        return key(pc, mode(file, at), file, code, isShort);
    }

    /// The same region, if it is relative, where its entry is at another address.
    StoredRegion at(long address) {
        long distance = address - pc;
        if (distance == 0) {
            return this;
        }
        var moved = parts.stream().map(part -> new Part(part.pc + distance, part.bytes)).toList();
        return new StoredRegion(address, mode, entryLength, moved, image);
    }

    /// The bytes that a record at `at` says to have.
    static int length(MemorySegment file, long at) {
        return file.get(INT, at + LENGTH);
    }

    static long pc(MemorySegment file, long at) {
        return file.get(LONG, at + PC);
    }

    static int mode(MemorySegment file, long at) {
        return file.get(INT, at + MODE);
    }

    /// Whether a record is whole and as it was written.
    static boolean isSound(MemorySegment record) {
        return record.get(INT, CHECKSUM) == checksum(record);
    }

    private static int checksum(MemorySegment record) {
        var sum = new CRC32C();
        sum.update(record.asSlice(PC).asByteBuffer());
        return (int) sum.getValue();
    }

    /// What a sound record says. Refers to it, and copies nothing.
    static StoredRegion read(MemorySegment record) {
        var parts = new ArrayList<Part>();
        long at = HEADER_BYTES;
        for (int left = record.get(INT, PARTS); left > 0; left--) {
            int length = record.get(INT, at + Long.BYTES);
            var bytes = record.asSlice(at + PART_HEADER_BYTES, length);
            parts.add(new Part(record.get(LONG, at), bytes));
            at += PART_HEADER_BYTES + length;
        }
        var image =
                new RegionImage(
                        record.asSlice(at, record.get(INT, CODE_LENGTH)),
                        record.get(INT, EXPLICIT_FLAGS) != 0);
        return new StoredRegion(
                pc(record, 0), mode(record, 0), record.get(INT, ENTRY_LENGTH), parts, image);
    }

    /// The record.
    MemorySegment toBytes() {
        long code = image.code().byteSize();
        long length = HEADER_BYTES + code;
        for (var part : parts) {
            length += PART_HEADER_BYTES + part.bytes.byteSize();
        }
        var record = MemorySegment.ofArray(new byte[(int) length]);
        record.set(INT, LENGTH, (int) length);
        record.set(LONG, PC, pc);
        record.set(INT, MODE, mode);
        record.set(INT, ENTRY_LENGTH, entryLength);
        record.set(INT, EXPLICIT_FLAGS, image.explicitFlags() ? 1 : 0);
        record.set(INT, PARTS, parts.size());
        record.set(INT, CODE_LENGTH, (int) code);
        long at = HEADER_BYTES;
        for (var part : parts) {
            long bytes = part.bytes.byteSize();
            record.set(LONG, at, part.pc);
            record.set(INT, at + Long.BYTES, (int) bytes);
            MemorySegment.copy(part.bytes, 0, record, at + PART_HEADER_BYTES, bytes);
            at += PART_HEADER_BYTES + bytes;
        }
        MemorySegment.copy(image.code(), 0, record, at, code);
        record.set(INT, CHECKSUM, checksum(record));
        return record;
    }
}
