package org.xenolith.images;

import java.util.Optional;

/// How to open an image.
///
/// @param format empty: as the first bytes say, raw if they say nothing. Give it wherever a guest
///   could have written those bytes
/// @param readOnly whether changes are refused; backing files always are read-only
/// @param shared whether to look at a file that someone else may be changing. What is read then may
///   be inconsistent; only for images that are read-only
public record OpenOptions(Optional<ImageFormat> format, boolean readOnly, boolean shared) {
    public OpenOptions {
        if (shared && !readOnly) {
            throw new IllegalArgumentException("what is written is never shared");
        }
    }

    public static OpenOptions reading() {
        return new OpenOptions(Optional.empty(), true, false);
    }

    public static OpenOptions writing() {
        return new OpenOptions(Optional.empty(), false, false);
    }

    public OpenOptions as(ImageFormat known) {
        return new OpenOptions(Optional.of(known), readOnly, shared);
    }

    public OpenOptions evenIfInUse() {
        return new OpenOptions(format, readOnly, true);
    }
}
