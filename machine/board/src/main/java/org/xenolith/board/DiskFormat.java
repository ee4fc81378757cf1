package org.xenolith.board;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// How a disk is kept in its file.
public enum DiskFormat {
    RAW,
    QCOW2,
    VHD;

    /// As xl.cfg spells it.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<DiskFormat> ofWord(String word) {
        return Arrays.stream(values()).filter(format -> format.word().equals(word)).findFirst();
    }
}
