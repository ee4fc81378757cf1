package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.images.Image;
import org.xenolith.images.ImageException;
import org.xenolith.images.ImageFormat;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;
import org.xenolith.linux.IoVector;
import org.xenolith.pv.block.BlockDisk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// An image as the disk of a block device. The images' own locks keep others away from it.
final class ImageDisk implements BlockDisk {
    private final Path file;
    private final Image image;
    private final int sectorBytes;

    /// While it is being copied.
    private volatile DirtyBlocks dirty;

    /// While somebody keeps a copy in step.
    private volatile DiskJournal journal;

    /// Whether it must not become longer.
    private volatile boolean sizeFixed;

    private ImageDisk(Path file, Image image, int sectorBytes) {
        this.file = file;
        this.image = image;
        this.sectorBytes = sectorBytes;
    }

    /// The format is what the configuration says, never what the guest could have written.
    static ImageDisk open(Path file, ImageFormat format, boolean writable, int sectorBytes)
            throws ImageException {
        var image = Images.open(file, new OpenOptions(Optional.of(format), !writable, false));
        return new ImageDisk(file, image, sectorBytes);
    }

    @Override
    public long size() {
        return image.size();
    }

    /// A raw file is longer when anybody has made it longer; other formats are locked.
    @Override
    public void refresh() throws IOException {
        if (!sizeFixed
                && image.format() == ImageFormat.RAW
                && !readOnly()
                && Files.isRegularFile(file)) {
            grow(Files.size(file));
        }
    }

    @Override
    public int sectorBytes() {
        return sectorBytes;
    }

    @Override
    public boolean readOnly() {
        return image.readOnly();
    }

    @Override
    public boolean discards() {
        return !readOnly();
    }

    /// What is done to an image.
    @FunctionalInterface
    private interface Action {
        void perform() throws ImageException;
    }

    private static void perform(Action action) throws IOException {
        try {
            action.perform();
        } catch (ImageException e) {
            throw failed(e);
        }
    }

    private static IOException failed(ImageException cause) {
        return new IOException(cause.getMessage(), cause);
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        perform(() -> image.read(offset, target));
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        int bytes = source.remaining();
        var recorded = journal;
        if (recorded == null) {
            perform(() -> image.write(offset, source));
        } else {
            var content = source.duplicate();
            recorded.write(offset, content, () -> perform(() -> image.write(offset, source)));
        }
        written(offset, bytes);
    }

    /// What is written down must be what is written, whatever the guest does meanwhile: then
    /// everything passes through a buffer.
    @Override
    public boolean isVectored() {
        return image.isVectored() && journal == null;
    }

    @Override
    public void read(long offset, IoVector targets) throws IOException {
        perform(() -> image.read(offset, targets));
    }

    @Override
    public boolean readAtOnce(long offset, IoVector targets) throws IOException {
        try {
            return image.readAtOnce(offset, targets);
        } catch (ImageException e) {
            throw failed(e);
        }
    }

    @Override
    public void write(long offset, IoVector sources) throws IOException {
        Bug.check(journal == null, "nothing is written down of a write without a buffer");
        long bytes = sources.bytes();
        perform(() -> image.write(offset, sources));
        written(offset, bytes);
    }

    @Override
    public void discard(long offset, long bytes) throws IOException {
        var recorded = journal;
        if (recorded == null) {
            perform(() -> image.discard(offset, bytes));
        } else {
            // What a discard leaves is the image's choice: a copy might choose otherwise.
            recorded.zero(offset, bytes, () -> perform(() -> image.writeZeroes(offset, bytes)));
        }
        written(offset, bytes);
    }

    private void written(long offset, long bytes) {
        var copied = dirty;
        if (copied != null && bytes > 0) {
            copied.written(offset, bytes);
        }
    }

    @Override
    public boolean takesMore() {
        var recorded = journal;
        return recorded == null || !recorded.isFull();
    }

    /// From now on what is done is written down; no more if there is no journal. Nobody uses the
    /// disk meanwhile.
    void record(DiskJournal next) {
        journal = next;
    }

    /// Whether the disk stays as long as it is, whatever becomes of its file.
    void fixSize(boolean fixed) {
        sizeFixed = fixed;
    }

    boolean isSizeFixed() {
        return sizeFixed;
    }

    /// From now on what is written is noticed, until the copy is closed.
    CopiedDisk copy(int number) {
        var blocks = new DirtyBlocks(size());
        dirty = blocks;
        return new Copy(number, size(), blocks);
    }

    private final class Copy implements CopiedDisk {
        private final int number;
        private final long bytes;
        private final DirtyBlocks blocks;

        Copy(int number, long bytes, DirtyBlocks blocks) {
            this.number = number;
            this.bytes = bytes;
            this.blocks = blocks;
        }

        @Override
        public int number() {
            return number;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public Optional<Part> next(long offset) throws IOException {
            int block = blocks.take((int) (offset / DirtyBlocks.BLOCK_BYTES));
            if (block < 0) {
                return Optional.empty();
            }
            long at = (long) block * DirtyBlocks.BLOCK_BYTES;
            var content = new byte[(int) Math.min(DirtyBlocks.BLOCK_BYTES, bytes - at)];
            read(at, ByteBuffer.wrap(content));
            return Optional.of(new Part(at, content));
        }

        @Override
        public long dirtyBytes() {
            return blocks.bytes();
        }

        @Override
        public void close() {
            dirty = null;
        }
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly()) {
            perform(image::flush);
        }
    }

    /// Makes the disk longer, unless it is; what is new reads as zeros.
    void grow(long bytes) throws IOException {
        if (bytes > image.size()) {
            perform(() -> image.resize(bytes));
        }
    }

    @Override
    public void close() throws IOException {
        perform(image::close);
    }
}
