package org.xenolith.images;

/// A disk's bytes and nothing else, in a file or a block device.
final class RawImage extends PlainImage {
    private final boolean fixedSize;
    private volatile long size;

    /// `fixedSize`: of a block device.
    RawImage(Storage storage, SideChangeLog changes, boolean readOnly, boolean fixedSize)
            throws ImageException {
        super(storage, changes, readOnly);
        this.fixedSize = fixedSize;
        size = storage.size();
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.RAW;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    void checkNewSize(long bytes) throws ImageException {
        if (fixedSize) {
            throw new ImageException.Refused(name() + ": a block device cannot be resized");
        }
    }

    @Override
    void resizeAlone(long bytes) throws ImageException {
        storage().resize(bytes);
        size = bytes;
    }
}
