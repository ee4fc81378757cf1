package org.xenolith.filesystem;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/// The blocks of a file system, as they are once its journal has been replayed.
final class Blocks {
    /// Blocks of metadata that are remembered, at most 64 KiB each.
    private static final int REMEMBERED_MAX = 32;

    private final Disk disk;
    private final int blockBytes;
    private final long count;
    private Map<Long, Journal.Copy> journaled = Map.of();

    private final Map<Long, byte[]> remembered =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, byte[]> eldest) {
                    return size() > REMEMBERED_MAX;
                }
            };

    Blocks(Disk disk, int blockBytes, long count) {
        this.disk = disk;
        this.blockBytes = blockBytes;
        this.count = count;
    }

    int blockBytes() {
        return blockBytes;
    }

    /// From now on these blocks are what the journal has of them.
    void replay(Map<Long, Journal.Copy> copies) {
        journaled = copies;
        remembered.clear();
    }

    /// Refuses blocks that the file system does not have.
    void requireInside(long block, long length) throws DiskException.Damaged {
        if (block < 0 || length < 0 || block > count || length > count - block) {
            throw new DiskException.Damaged(
                    "the file system points to block %s and has %d"
                            .formatted(Long.toUnsignedString(block), count));
        }
    }

    /// A whole block of metadata. The caller does not change it.
    Fields metadata(long block, String what) throws DiskException {
        var content = remembered.get(block);
        if (content == null) {
            content = new byte[blockBytes];
            read(block, 0, ByteBuffer.wrap(content));
            remembered.put(block, content);
        }
        return new Fields(content, what);
    }

    /// Fills what remains of `target` with what is `offset` bytes behind the begin of a block; may
    /// go on into the blocks that follow.
    void read(long block, long offset, ByteBuffer target) throws DiskException {
        long at = block + offset / blockBytes;
        int within = (int) (offset % blockBytes);
        if (journaled.isEmpty()) {
            long length = (within + (long) target.remaining() + blockBytes - 1) / blockBytes;
            requireInside(at, length);
            disk.read(at * blockBytes + within, target);
            return;
        }
        while (target.hasRemaining()) {
            requireInside(at, 1);
            int part = Math.min(target.remaining(), blockBytes - within);
            readOne(at, within, target, part);
            at++;
            within = 0;
        }
    }

    private void readOne(long block, int within, ByteBuffer target, int bytes)
            throws DiskException {
        var copy = journaled.get(block);
        long source = copy == null ? block : copy.block();
        int begin = target.position();
        var part = target.slice(begin, bytes);
        disk.read(source * blockBytes + within, part);
        if (copy != null && copy.escaped()) {
            Journal.unescape(target.slice(begin, bytes), within);
        }
        target.position(begin + bytes);
    }
}
