package org.xenolith.images;

import java.nio.file.Path;

/// Opens images.
public final class Images {
    private Images() {}

    /// Opens an image with all that is under it.
    public static Image open(Path file, OpenOptions options) throws ImageException {
        if (options.format().orElse(ImageFormat.RAW) != ImageFormat.RAW) {
            throw new ImageException.Unsupported(file + ": only raw images can be opened yet");
        }
        var sharing =
                options.shared() ? FileStorage.Sharing.ANYBODY : FileStorage.Sharing.READERS_ONLY;
        var storage = FileStorage.open(file, !options.readOnly(), sharing);
        try {
            return new RawImage(storage, options.readOnly(), !storage.isRegularFile());
        } catch (ImageException e) {
            storage.close();
            throw e;
        }
    }
}
