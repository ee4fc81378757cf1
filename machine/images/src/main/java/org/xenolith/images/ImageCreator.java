package org.xenolith.images;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Makes images.
public final class ImageCreator {
    private ImageCreator() {}

    /// Makes an image of zeros, or one that reads as its backing file does.
    public static void create(Path file, CreateOptions options) throws ImageException {
        check(file, options);
        boolean made = makeFile(file, options.replace());
        boolean done = false;
        try {
            var storage = ImageOpener.openFile(file, true, false);
            try {
                write(storage, file, options);
                storage.flush();
                done = true;
            } finally {
                storage.close();
            }
        } finally {
            if (!done && made) {
                deleteQuietly(file);
            }
        }
    }

    private static boolean makeFile(Path file, boolean replace) throws ImageException {
        try {
            Files.createFile(file);
            return true;
        } catch (FileAlreadyExistsException e) {
            if (!replace) {
                throw new ImageException.Refused(file + ": exists already");
            }
            return false;
        } catch (IOException e) {
            throw new ImageException.HostFailed(
                    file + ": cannot make the file: " + FileStorage.reason(e, file), e);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The caller has the reason why the image was not made; that counts.
        }
    }

    private static ImageException refused(Path file, String format, Object... values) {
        return new ImageException.Refused(file + ": " + format.formatted(values));
    }

    private static void check(Path file, CreateOptions options) throws ImageException {
        if (options.size() < 0) {
            throw refused(file, "a size cannot be negative");
        }
        switch (options.format()) {
            case RAW -> {
                if (options.backing().isPresent()) {
                    throw refused(file, "a raw image has no backing file");
                }
            }
            case VHD -> VhdImage.checkSize(file.toString(), options.size());
            case QCOW2 -> checkQcow2(file, options);
        }
    }

    private static void checkQcow2(Path file, CreateOptions options) throws ImageException {
        int bits = options.clusterBits();
        if (bits < Qcow2Header.CLUSTER_BITS_MIN || bits > Qcow2Header.CLUSTER_BITS_MAX) {
            throw refused(file, "clusters have 512 bytes to 2 MiB");
        }
        if (options.version() != 2 && options.version() != 3) {
            throw refused(file, "there is no qcow2 version %d", options.version());
        }
        int refcountBits = options.refcountBits();
        if (Integer.bitCount(refcountBits) != 1 || refcountBits < 1 || refcountBits > 64) {
            throw refused(file, "reference counts have 1, 2, 4, 8, 16, 32 or 64 bits");
        }
        if (options.version() == 2 && (refcountBits != 16 || options.zstd())) {
            throw refused(file, "version 2 has reference counts of 16 bits, and zlib, only");
        }
        if (Qcow2Header.l1EntriesFor(options.size(), bits) > Qcow2Header.L1_BYTES_MAX / 8) {
            throw refused(
                    file,
                    "%d bytes are more than clusters of %d bytes allow",
                    options.size(),
                    1 << bits);
        }
    }

    /// What was in the file before must not shine through.
    private static void write(FileStorage storage, Path file, CreateOptions options)
            throws ImageException {
        if (storage.isRegularFile()) {
            storage.resize(0);
        }
        switch (options.format()) {
            case RAW -> writeRaw(storage, options.size());
            case QCOW2 -> writeQcow2(storage, options);
            case VHD -> writeVhd(storage, file, options);
        }
    }

    private static void writeRaw(FileStorage storage, long size) throws ImageException {
        if (storage.isRegularFile()) {
            storage.resize(size);
        } else if (storage.size() < size) {
            throw new ImageException.Refused(
                    "%s: has %d bytes only".formatted(storage.name(), storage.size()));
        }
    }

    /// Header, refcount table, refcount blocks, L1 table; all of them counted.
    private static void writeQcow2(Storage storage, CreateOptions options) throws ImageException {
        int bits = options.clusterBits();
        int clusterBytes = 1 << bits;
        long size = Bytes.roundUp(options.size(), Image.SECTOR_BYTES);
        int l1Entries = (int) Qcow2Header.l1EntriesFor(size, bits);
        int l1Clusters = Math.max(1, Math.ceilDiv(l1Entries * 8, clusterBytes));
        int order = Integer.numberOfTrailingZeros(options.refcountBits());
        int blockEntries = 1 << bits + 3 - order;
        int blocks = 1;
        int tableClusters = 1;
        while (blocks * blockEntries < 1 + tableClusters + blocks + l1Clusters) {
            blocks++;
            tableClusters = Math.ceilDiv(blocks * 8, clusterBytes);
        }
        long blocksAt = (1L + tableClusters) << bits;
        long l1At = blocksAt + ((long) blocks << bits);
        int used = 1 + tableClusters + blocks + l1Clusters;
        // The end first: what lies before it can be a hole.
        long end = (long) used << bits;
        storage.write(end - Image.SECTOR_BYTES, ByteBuffer.allocate(Image.SECTOR_BYTES));
        storage.zero(l1At, end - Image.SECTOR_BYTES - l1At);
        writeBlocks(storage, blocksAt, blocks, clusterBytes, order, used);
        var table = ByteBuffer.allocate(tableClusters << bits);
        for (int i = 0; i < blocks; i++) {
            table.putLong(i * 8, blocksAt + ((long) i << bits));
        }
        writeSparsely(storage, clusterBytes, table);
        var header =
                new Qcow2Header(
                        options.version(),
                        bits,
                        size,
                        order,
                        options.zstd()
                                ? Qcow2Header.Compression.ZSTD
                                : Qcow2Header.Compression.ZLIB,
                        new Qcow2Header.Tables(l1At, l1Entries, clusterBytes, tableClusters, 0, 0),
                        new Qcow2Header.Features(
                                options.zstd() ? Qcow2Header.Features.COMPRESSION_TYPE : 0, 0, 0),
                        options.backing().map(ImageCreator::backing),
                        Optional.empty(),
                        List.of());
        var encoded = header.encode(storage.name());
        storage.zero(0, encoded.limit());
        storage.flush();
        storage.write(0, encoded.limit(contentBytes(encoded)));
    }

    /// Before the end, without space for the zeros with which `area` ends.
    private static void writeSparsely(Storage storage, long at, ByteBuffer area)
            throws ImageException {
        int bytes = area.limit();
        int content = contentBytes(area);
        storage.write(at, area.limit(content));
        storage.zero(at + content, bytes - content);
    }

    /// Without the zeros at its end, but whole sectors.
    private static int contentBytes(ByteBuffer area) {
        int bytes = area.limit();
        while (bytes > 0 && area.get(bytes - 1) == 0) {
            bytes--;
        }
        return (int) Bytes.roundUp(bytes, Image.SECTOR_BYTES);
    }

    private static Qcow2Header.Backing backing(CreateOptions.Backing backing) {
        return new Qcow2Header.Backing(
                backing.name(), Optional.of(backing.format().qemuSpelling()));
    }

    private static void writeBlocks(
            Storage storage, long at, int blocks, int clusterBytes, int order, int used)
            throws ImageException {
        var content = ByteBuffer.allocate(blocks * clusterBytes);
        for (int cluster = 0; cluster < used; cluster++) {
            Refcounts.store(content, order, 0, cluster, 1);
        }
        writeSparsely(storage, at, content);
    }

    private static void writeVhd(FileStorage storage, Path file, CreateOptions options)
            throws ImageException {
        var entropy = Entropy.system();
        var id = new UUID(entropy.nextLong(), entropy.nextLong());
        int timestamp =
                (int) (Clock.system().wallNanos() / 1_000_000_000 - VhdFooter.EPOCH_SECONDS);
        if (options.fixed()) {
            if (options.backing().isPresent()) {
                throw refused(file, "a fixed VHD has no parent");
            }
            var footer = VhdFooter.create(VhdFooter.Type.FIXED, options.size(), timestamp, id);
            storage.write(options.size(), footer.encode());
            return;
        }
        var type =
                options.backing().isPresent()
                        ? VhdFooter.Type.DIFFERENCING
                        : VhdFooter.Type.DYNAMIC;
        var footer = VhdFooter.create(type, options.size(), timestamp, id);
        int entries =
                Math.toIntExact(Math.ceilDiv(options.size(), (long) VhdHeader.BLOCK_BYTES_USUAL));
        long tableAt = VhdFooter.BYTES + VhdHeader.BYTES;
        var table = ByteBuffer.allocate((int) Bytes.roundUp(Math.max(1, entries) * 4L, 512));
        Arrays.fill(table.array(), (byte) -1);
        storage.write(tableAt, table);
        long end = tableAt + table.limit();
        var header =
                new VhdHeader(
                        tableAt,
                        entries,
                        VhdHeader.BLOCK_BYTES_USUAL,
                        VhdHeader.NO_PARENT,
                        0,
                        "",
                        List.of());
        if (options.backing().isPresent()) {
            var locators = VhdParent.write(options.backing().get().name(), end);
            int contentBytes = locators.content().limit();
            storage.write(end, locators.content());
            end += contentBytes;
            header = withParent(header, file, options.backing().get(), locators.locators());
        }
        storage.write(VhdFooter.BYTES, header.encode());
        storage.write(end, footer.encode());
        storage.flush();
        storage.write(0, footer.encode());
    }

    private static VhdHeader withParent(
            VhdHeader header,
            Path file,
            CreateOptions.Backing backing,
            List<VhdHeader.Locator> locators)
            throws ImageException {
        var id = VhdHeader.NO_PARENT;
        int timestamp = 0;
        switch (backing.format()) {
            case RAW -> {}
            case QCOW2 -> throw refused(file, "the parent of a VHD is a VHD or raw");
            case VHD -> {
                var path = file.resolveSibling(backing.name());
                var storage = ImageOpener.openFile(path, false, false);
                try {
                    var parent = VhdFooter.read(storage);
                    id = parent.id();
                    timestamp = parent.timestamp();
                } finally {
                    storage.close();
                }
            }
        }
        return new VhdHeader(
                header.tableOffset(),
                header.entries(),
                header.blockBytes(),
                id,
                timestamp,
                backing.name(),
                locators);
    }
}
