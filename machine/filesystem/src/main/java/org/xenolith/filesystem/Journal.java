package org.xenolith.filesystem;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/// The journal of a file system that was not unmounted (Linux' fs/jbd2, `struct journal_header_s`):
/// finds the newest copy of each block that a committed transaction has left in it. Numbers in a
/// journal are big-endian.
///
/// As in Linux, the log ends before the first transaction that is not whole, and what a later
/// transaction has revoked is not taken. Fast commits, which follow the log, are not read: the file
/// system is then seen as of its last full commit, at most some seconds older.
final class Journal {
    /// Blocks of a journal; 2 GiB of the usual size, twice what mke2fs makes at most.
    static final int BLOCKS_MAX = 1 << 19;

    /// Blocks that the transactions of one journal may revoke.
    static final int REVOKED_MAX = 1 << 18;

    private static final long MAGIC = 0xC03B_3998L;
    private static final int HEADER_BYTES = 12;
    private static final int DESCRIPTOR = 1;
    private static final int COMMIT = 2;
    private static final int SUPER_BLOCK_V1 = 3;
    private static final int SUPER_BLOCK_V2 = 4;
    private static final int REVOKE = 5;

    private static final long WIDE = 0x2;
    private static final long CHECKSUMS_V2 = 0x8;
    private static final long CHECKSUMS_V3 = 0x10;
    private static final long FAST_COMMIT = 0x20;

    /// Revoke, 64bit, async_commit, csum_v2, csum_v3, fast_commit.
    private static final long KNOWN = 0x1 | WIDE | 0x4 | CHECKSUMS_V2 | CHECKSUMS_V3 | FAST_COMMIT;

    private static final int FAST_COMMIT_BLOCKS_USUAL = 256;

    private static final int TAG_ESCAPED = 1;
    private static final int TAG_SAME_UUID = 2;
    private static final int TAG_LAST = 8;
    private static final int CHECKSUM_BYTES = 4;
    private static final int COMMIT_CHECKSUM = 16;
    private static final int UUID = 48;
    private static final int UUID_BYTES = 16;

    /// A block's newest content lies in another block.
    ///
    /// @param escaped whether it begins with the journal's own mark, which is zero in the copy
    record Copy(long block, boolean escaped) {}

    /// What one transaction does.
    private record Tag(long target, Copy copy, long sequence) {}

    private final Blocks blocks;
    private final FileMap map;
    private final long features;
    private final byte[] uuid;
    private final long first;
    private final long end;

    private final List<Tag> committed = new ArrayList<>();
    private final Map<Long, Long> revoked = new HashMap<>();

    private Journal(Blocks blocks, FileMap map, Fields superBlock) throws DiskException {
        this.blocks = blocks;
        this.map = map;
        boolean old = superBlock.bigU32(4) == SUPER_BLOCK_V1;
        this.features = old ? 0 : superBlock.bigU32(40);
        this.uuid = superBlock.slice(UUID, UUID_BYTES);
        this.first = superBlock.bigU32(20);
        long length = superBlock.bigU32(16);
        this.end = length - (has(FAST_COMMIT) ? fastCommitBlocks(superBlock) : 0);
        check(superBlock, length);
    }

    /// Reads the journal that is the file `map` of `fileBlocks` blocks, and returns what it knows
    /// better than the file system does, by block.
    static Map<Long, Copy> read(Blocks blocks, FileMap map, long fileBlocks) throws DiskException {
        var superBlock = blocks.metadata(physical(blocks, map, 0), "the journal");
        var journal = new Journal(blocks, map, superBlock);
        if (journal.end > fileBlocks) {
            throw new DiskException.Damaged("the journal is longer than its file");
        }
        long start = superBlock.bigU32(28);
        if (start == 0) {
            return Map.of();
        }
        if (start < journal.first || start >= journal.end) {
            throw new DiskException.Damaged("the journal begins outside of itself");
        }
        journal.scan(start, superBlock.bigU32(24));
        return journal.newest();
    }

    private static long fastCommitBlocks(Fields superBlock) throws DiskException {
        long configured = superBlock.bigU32(84);
        return configured == 0 ? FAST_COMMIT_BLOCKS_USUAL : configured;
    }

    private void check(Fields superBlock, long length) throws DiskException {
        long type = superBlock.bigU32(4);
        if (superBlock.bigU32(0) != MAGIC || type != SUPER_BLOCK_V1 && type != SUPER_BLOCK_V2) {
            throw new DiskException.Damaged("the journal has lost its mark");
        }
        if ((features & ~KNOWN) != 0) {
            throw new DiskException.Unsupported(
                    "the journal has unknown features, 0x%x".formatted(features & ~KNOWN));
        }
        if (superBlock.bigU32(12) != blocks.blockBytes()) {
            throw new DiskException.Damaged("the journal has blocks of another size");
        }
        if (length > BLOCKS_MAX) {
            throw new DiskException.Unsupported(
                    "the journal has %d blocks, more than %d".formatted(length, BLOCKS_MAX));
        }
        if (first < 1 || first >= end) {
            throw new DiskException.Damaged("the journal has no room");
        }
    }

    private boolean has(long feature) {
        return (features & feature) != 0;
    }

    private boolean hasChecksums() {
        return has(CHECKSUMS_V2 | CHECKSUMS_V3);
    }

    private static long physical(Blocks blocks, FileMap map, long block) throws DiskException {
        var run = map.find(block);
        if (run.isHole()) {
            throw new DiskException.Damaged("the journal has holes");
        }
        blocks.requireInside(run.physical(), 1);
        return run.physical();
    }

    private long wrapped(long at) {
        return at >= end ? at - (end - first) : at;
    }

    /// Goes from transaction to transaction until one is not whole; each block is visited once.
    private void scan(long start, long firstSequence) throws DiskException {
        long sequence = firstSequence;
        long at = start;
        var tags = new ArrayList<Tag>();
        var revokes = new ArrayList<Long>();
        for (long left = end - first; left > 0; ) {
            var block = blocks.metadata(physical(blocks, map, at), "the journal");
            if (block.bigU32(0) != MAGIC || block.bigU32(8) != sequence) {
                return;
            }
            left--;
            at = wrapped(at + 1);
            switch ((int) block.bigU32(4)) {
                case DESCRIPTOR -> {
                    int before = tags.size();
                    if (!isTail(block) || !addTags(block, at, sequence, left, tags)) {
                        return;
                    }
                    left -= tags.size() - before;
                    at = wrapped(at + (tags.size() - before));
                }
                case REVOKE -> {
                    if (!isTail(block)) {
                        return;
                    }
                    addRevokes(block, revokes);
                }
                case COMMIT -> {
                    if (hasChecksums() && !isSummed(block, COMMIT_CHECKSUM)) {
                        return;
                    }
                    committed.addAll(tags);
                    tags.clear();
                    for (long target : revokes) {
                        revoked.put(target, sequence);
                    }
                    requireFewRevokes(revoked.size());
                    revokes.clear();
                    sequence = sequence + 1 & 0xFFFF_FFFFL;
                }
                default -> {
                    return;
                }
            }
        }
    }

    // ---------------------------------------------------------------- one block of the journal

    private int tagBytes() {
        if (has(CHECKSUMS_V3)) {
            return 16;
        }
        return 8 + (has(CHECKSUMS_V2) ? 2 : 0) + (has(WIDE) ? 4 : 0);
    }

    /// Adds what a descriptor says of the blocks behind it, the first of which is at `at`. False if
    /// the log cannot hold them.
    private boolean addTags(Fields block, long at, long sequence, long left, List<Tag> tags)
            throws DiskException {
        int limit = block.length() - (hasChecksums() ? CHECKSUM_BYTES : 0);
        int length = tagBytes();
        long source = at;
        long count = 0;
        for (int offset = HEADER_BYTES; offset + length <= limit; ) {
            int flags =
                    has(CHECKSUMS_V3) ? (int) block.bigU32(offset + 4) : block.bigU16(offset + 6);
            long target = block.bigU32(offset);
            if (has(WIDE)) {
                target |= block.bigU32(offset + 8) << 32;
            }
            blocks.requireInside(target, 1);
            if (++count > left) {
                return false;
            }
            long copy = physical(blocks, map, source);
            if (hasChecksums() && !isTaggedContent(block, offset, copy, sequence)) {
                return false;
            }
            tags.add(new Tag(target, new Copy(copy, (flags & TAG_ESCAPED) != 0), sequence));
            source = wrapped(source + 1);
            if ((flags & TAG_LAST) != 0) {
                break;
            }
            offset += length + ((flags & TAG_SAME_UUID) != 0 ? 0 : UUID_BYTES);
        }
        return true;
    }

    private boolean isTaggedContent(Fields descriptor, int tag, long copy, long sequence)
            throws DiskException {
        var content = new byte[blocks.blockBytes()];
        blocks.read(copy, 0, ByteBuffer.wrap(content));
        var crc = seeded();
        crc.update(ByteBuffer.allocate(4).putInt(0, (int) sequence));
        crc.update(content);
        long sum = ~crc.getValue() & 0xFFFF_FFFFL;
        return has(CHECKSUMS_V3)
                ? descriptor.bigU32(tag + 12) == sum
                : descriptor.bigU16(tag + 4) == (sum & 0xFFFF);
    }

    private void addRevokes(Fields block, List<Long> revokes) throws DiskException {
        long used = Math.min(block.bigU32(12), block.length());
        int length = has(WIDE) ? 8 : 4;
        for (int offset = 16; offset + length <= used; offset += length) {
            revokes.add(
                    has(WIDE)
                            ? block.bigU32(offset) << 32 | block.bigU32(offset + 4)
                            : block.bigU32(offset));
        }
        requireFewRevokes(revokes.size());
    }

    private static void requireFewRevokes(int count) throws DiskException {
        if (count > REVOKED_MAX) {
            throw new DiskException.Unsupported(
                    "the journal revokes more than " + REVOKED_MAX + " blocks");
        }
    }

    // ---------------------------------------------------------------- checksums

    /// Whether a descriptor or a list of revoked blocks ends in its checksum.
    private boolean isTail(Fields block) throws DiskException {
        return !hasChecksums() || isSummed(block, block.length() - CHECKSUM_BYTES);
    }

    /// Whether the checksum of a block, at `offset` in it, is right.
    private boolean isSummed(Fields block, int offset) throws DiskException {
        var crc = seeded();
        crc.update(block.bytes(), 0, offset);
        crc.update(new byte[CHECKSUM_BYTES]);
        int rest = offset + CHECKSUM_BYTES;
        crc.update(block.bytes(), rest, block.length() - rest);
        return block.bigU32(offset) == (~crc.getValue() & 0xFFFF_FFFFL);
    }

    private CRC32C seeded() {
        var crc = new CRC32C();
        crc.update(uuid);
        return crc;
    }

    // ---------------------------------------------------------------- the outcome

    private Map<Long, Copy> newest() {
        var copies = new HashMap<Long, Copy>();
        for (var tag : committed) {
            var last = revoked.get(tag.target);
            // Sequence numbers wrap: the difference tells which is later.
            if (last == null || (int) (tag.sequence - last) > 0) {
                copies.put(tag.target, tag.copy);
            }
        }
        return copies;
    }

    /// Puts the mark back into a part of a block that begins `within` bytes behind its begin.
    static void unescape(ByteBuffer part, int within) {
        for (int i = within; i < 4 && i - within < part.remaining(); i++) {
            part.put(i - within, (byte) (MAGIC >>> 8 * (3 - i)));
        }
    }
}
