package org.xenolith.filesystem;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads ext2, ext3 and ext4. What a crash has left in the journal is seen as if it had been
/// replayed.
final class Ext4 implements FileSystem {
    /// As in Linux (`MAXSYMLINKS`).
    static final int LINKS_MAX = 40;

    static final int PATH_BYTES_MAX = 4096;

    /// Names that one path may lead through, those of symbolic links included.
    static final int STEPS_MAX = 4096;

    /// Bytes of a directory that is searched; half a million names.
    static final int DIRECTORY_BYTES_MAX = 32 << 20;

    private static final int COPY_BYTES = 1 << 16;

    private final Blocks blocks;
    private final SuperBlock superBlock;
    private final InodeTable inodes;

    private Ext4(Blocks blocks, SuperBlock superBlock) {
        this.blocks = blocks;
        this.superBlock = superBlock;
        this.inodes = new InodeTable(blocks, superBlock);
    }

    static Ext4 open(Disk disk) throws DiskException {
        var raw = Fields.read(disk, SuperBlock.OFFSET, SuperBlock.BYTES, "the super block");
        var superBlock = SuperBlock.parse(raw, disk.size());
        var blocks = new Blocks(disk, superBlock.blockBytes(), superBlock.blocks());
        if (!superBlock.features().needsRecovery()) {
            return new Ext4(blocks, superBlock);
        }
        blocks.replay(journal(blocks, superBlock));
        return new Ext4(blocks, superBlockOf(blocks, superBlock, disk.size()));
    }

    /// What the journal knows better; it lies where the file system said before.
    private static Map<Long, Journal.Copy> journal(Blocks blocks, SuperBlock superBlock)
            throws DiskException {
        if (superBlock.journalInode() == 0) {
            throw new DiskException.Unsupported(
                    "the file system was not unmounted and its journal is on another disk");
        }
        var inode = new InodeTable(blocks, superBlock).inode(superBlock.journalInode());
        return Journal.read(blocks, inode.map(blocks), inode.size() / superBlock.blockBytes());
    }

    /// The super block after the journal was replayed.
    private static SuperBlock superBlockOf(Blocks blocks, SuperBlock before, long diskBytes)
            throws DiskException {
        var content = new byte[SuperBlock.BYTES];
        blocks.read(0, SuperBlock.OFFSET, ByteBuffer.wrap(content));
        var after = SuperBlock.parse(new Fields(content, "the super block"), diskBytes);
        if (after.blockBytes() != before.blockBytes() || after.blocks() < before.blocks()) {
            throw new DiskException.Damaged("the journal changes the size of the file system");
        }
        return after;
    }

    @Override
    public String uuid() {
        return superBlock.uuid();
    }

    @Override
    public String label() {
        return superBlock.label();
    }

    // ---------------------------------------------------------------- paths

    @Override
    public Optional<Entry> find(String path) throws DiskException {
        var found = walk(path);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        var inode = found.get();
        var kind = inode.isFile() ? Kind.FILE : inode.isDirectory() ? Kind.DIRECTORY : Kind.OTHER;
        return Optional.of(new Entry(kind, inode.size()));
    }

    private Inode file(String path) throws DiskException {
        var inode = walk(path).orElseThrow(() -> new DiskException.Refused("there is no " + path));
        if (!inode.isFile()) {
            throw new DiskException.Refused(path + " is not a file");
        }
        inode.requireReadable();
        return inode;
    }

    private Optional<Inode> walk(String path) throws DiskException {
        var root = inodes.inode(InodeTable.ROOT);
        var pending = new ArrayDeque<String>();
        push(pending, path);
        var at = root;
        int links = 0;
        for (int steps = 0; !pending.isEmpty(); steps++) {
            if (steps == STEPS_MAX) {
                throw new DiskException.Damaged(path + " leads through too many names");
            }
            if (!at.isDirectory()) {
                return Optional.empty();
            }
            var child = lookUp(at, pending.pop().getBytes(StandardCharsets.UTF_8));
            if (child.isEmpty()) {
                return Optional.empty();
            }
            if (!child.get().isLink()) {
                at = child.get();
                continue;
            }
            if (++links > LINKS_MAX) {
                throw new DiskException.Damaged(path + " leads through too many symbolic links");
            }
            var target = target(child.get());
            push(pending, target);
            at = target.startsWith("/") ? root : at;
        }
        return Optional.of(at);
    }

    private static void push(ArrayDeque<String> pending, String path) throws DiskException {
        if (path.length() > PATH_BYTES_MAX) {
            throw new DiskException.Refused("a path is longer than " + PATH_BYTES_MAX + " bytes");
        }
        var names =
                Arrays.stream(path.split("/")).filter(n -> !n.isEmpty() && !n.equals(".")).toList();
        names.reversed().forEach(pending::push);
    }

    private String target(Inode link) throws DiskException {
        long size = link.size();
        if (size > PATH_BYTES_MAX) {
            throw new DiskException.Damaged("a symbolic link is longer than a path can be");
        }
        link.requireReadable();
        var bytes =
                link.isShortLink() ? Arrays.copyOf(link.area(), (int) size) : content(link, size);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Optional<Inode> lookUp(Inode directory, byte[] name) throws DiskException {
        var found = new long[1];
        visit(
                directory,
                (candidate, inode) -> {
                    boolean same = Arrays.equals(candidate, name);
                    found[0] = same ? inode : 0;
                    return !same;
                });
        return found[0] == 0 ? Optional.empty() : Optional.of(inodes.inode(found[0]));
    }

    @Override
    public List<String> list(String path) throws DiskException {
        var directory =
                walk(path).orElseThrow(() -> new DiskException.Refused("there is no " + path));
        if (!directory.isDirectory()) {
            throw new DiskException.Refused(path + " is not a directory");
        }
        var names = new ArrayList<String>();
        visit(
                directory,
                (name, _) -> {
                    if (!Directory.isSelfOrParent(name)) {
                        names.add(new String(name, StandardCharsets.UTF_8));
                    }
                    return true;
                });
        return names;
    }

    private void visit(Inode directory, Directory.Visitor visitor) throws DiskException {
        directory.requireReadable();
        if (directory.isInline()) {
            visitInline(directory, visitor);
            return;
        }
        long size = directory.size();
        if (size > DIRECTORY_BYTES_MAX) {
            throw new DiskException.Unsupported(
                    "a directory has more than " + DIRECTORY_BYTES_MAX + " bytes");
        }
        var map = directory.map(blocks);
        for (long block = 0; block < size / blocks.blockBytes(); ) {
            var run = map.find(block);
            if (run.isHole()) {
                block += run.count();
                continue;
            }
            var piece = blocks.metadata(run.physical(), "a directory");
            if (!Directory.visit(piece, visitor)) {
                return;
            }
            block++;
        }
    }

    /// A small directory begins with the number of its parent, and has no name for itself.
    private void visitInline(Inode directory, Directory.Visitor visitor) throws DiskException {
        var area = new Fields(directory.area(), "a directory");
        if (!visitor.visit(new byte[] {'.', '.'}, area.u32(0))) {
            return;
        }
        var names = new Fields(area.slice(4, area.length() - 4), "a directory");
        if (Directory.visit(names, visitor)) {
            Directory.visit(new Fields(directory.inlineRest(), "a directory"), visitor);
        }
    }

    // ---------------------------------------------------------------- contents

    @Override
    public byte[] read(String path, int bytesMax) throws DiskException {
        var inode = file(path);
        requireNotLarger(path, inode.size(), bytesMax);
        return content(inode, inode.size());
    }

    @Override
    public long copy(String path, OutputStream output, long bytesMax) throws DiskException {
        var inode = file(path);
        requireNotLarger(path, inode.size(), bytesMax);
        write(inode, inode.size(), output);
        return inode.size();
    }

    private static void requireNotLarger(String path, long size, long max) throws DiskException {
        if (size > max) {
            throw new DiskException.Refused(
                    "%s has %d bytes, more than the %d that are possible"
                            .formatted(path, size, max));
        }
    }

    private byte[] content(Inode inode, long size) throws DiskException {
        var bytes = new ByteArrayOutputStream((int) size);
        write(inode, size, bytes);
        return bytes.toByteArray();
    }

    private void write(Inode inode, long size, OutputStream output) throws DiskException {
        try {
            if (inode.isInline()) {
                output.write(inline(inode, size));
            } else {
                writeRuns(inode.map(blocks), size, output);
            }
        } catch (IOException e) {
            throw new DiskException.HostFailed("cannot write what was read: " + e.getMessage(), e);
        }
    }

    private static byte[] inline(Inode inode, long size) throws DiskException {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(inode.area());
        bytes.writeBytes(inode.inlineRest());
        if (size > bytes.size()) {
            throw new DiskException.Damaged("a file has more bytes than its inode");
        }
        return Arrays.copyOf(bytes.toByteArray(), (int) size);
    }

    private void writeRuns(FileMap map, long size, OutputStream output)
            throws DiskException, IOException {
        var buffer = new byte[COPY_BYTES];
        for (long at = 0; at < size; ) {
            var run = map.find(at / blocks.blockBytes());
            long end = Math.min(size, at + runBytes(run));
            for (long done = 0; at < end; ) {
                int part = (int) Math.min(buffer.length, end - at);
                if (run.isHole()) {
                    Arrays.fill(buffer, 0, part, (byte) 0);
                } else {
                    blocks.read(run.physical(), done, ByteBuffer.wrap(buffer, 0, part));
                }
                output.write(buffer, 0, part);
                at += part;
                done += part;
            }
        }
    }

    private long runBytes(FileMap.Run run) {
        return Math.min(run.count(), 1L << 40) * blocks.blockBytes();
    }
}
