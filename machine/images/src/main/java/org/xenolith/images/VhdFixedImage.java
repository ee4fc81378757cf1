package org.xenolith.images;

/// A fixed VHD file: the disk's bytes, and a footer behind them.
final class VhdFixedImage extends PlainImage {
    private VhdFooter footer;
    private volatile long size;

    VhdFixedImage(Storage storage, VhdFooter footer, SideChangeLog changes, boolean readOnly)
            throws ImageException {
        super(storage, changes, readOnly);
        this.footer = footer;
        // The disk cannot be larger than what is before the footer, whatever the footer says.
        size = footer.diskBytes();
        if (size > storage.size() - VhdFooter.BYTES) {
            throw new ImageException.Damaged(
                    "%s: is too short for a disk of %d bytes".formatted(storage.name(), size));
        }
    }

    java.util.UUID id() {
        return footer.id();
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.VHD;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    void checkNewSize(long bytes) throws ImageException {
        VhdImage.checkSize(name(), bytes);
    }

    /// The new footer is there before the old one goes.
    @Override
    void resizeAlone(long bytes) throws ImageException {
        long old = size;
        var next = footer.withSize(bytes);
        storage().write(bytes, next.encode());
        storage().flush();
        if (bytes > old) {
            long gone = Math.min(VhdFooter.BYTES, bytes - old);
            storage().zero(old, gone);
        } else {
            storage().resize(bytes + VhdFooter.BYTES);
        }
        storage().flush();
        footer = next;
        size = bytes;
    }
}
