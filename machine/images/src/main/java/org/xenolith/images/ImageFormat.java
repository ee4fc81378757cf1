package org.xenolith.images;

import java.util.Arrays;
import java.util.Optional;

/// How a virtual disk is kept in a file.
public enum ImageFormat {
    /// The disk's bytes and nothing else, in a file or a block device.
    RAW("raw", "raw"),
    /// QEMU's format, versions 2 and 3 (docs/interop/qcow2 in QEMU's tree).
    QCOW2("qcow2", "qcow2"),
    /// Microsoft's Virtual Hard Disk, as blktap2 and Virtual PC write it.
    VHD("vhd", "vpc");

    private final String spelling;
    private final String qemuSpelling;

    ImageFormat(String spelling, String qemuSpelling) {
        this.spelling = spelling;
        this.qemuSpelling = qemuSpelling;
    }

    /// As in xl.cfg's disk specifications.
    public String spelling() {
        return spelling;
    }

    /// As in the header of a qcow2 file and on QEMU's command lines.
    public String qemuSpelling() {
        return qemuSpelling;
    }

    /// By Xen's or QEMU's spelling.
    public static Optional<ImageFormat> named(String name) {
        return Arrays.stream(values())
                .filter(f -> f.spelling.equals(name) || f.qemuSpelling.equals(name))
                .findFirst();
    }
}
