package org.xenolith.board;

import static org.xenolith.board.InvalidConfigException.require;

import org.xenolith.images.ImageFormat;
import org.xenolith.pv.block.VirtualDevice;

import java.nio.file.Path;
import java.util.Optional;

/// A disk of a domain: an entry of `disk` in xl.cfg, typed and checked.
///
/// @param device what the guest sees it as
/// @param target file or block device of the host; empty for a CD-ROM drive without a disk
/// @param writable whether the guest may write
/// @param cdrom whether it is a drive whose disk can be exchanged; such are read-only
/// @param discard whether the guest may say that it needs some of its content no longer
/// @param sectorBytes of a logical sector, 512 or 4096
public record DiskConfig(
        VirtualDevice device,
        ImageFormat format,
        Optional<Path> target,
        boolean writable,
        boolean cdrom,
        boolean discard,
        int sectorBytes) {
    public static final int SECTOR_BYTES = 512;

    private static final int LARGE_SECTOR_BYTES = 4096;

    public DiskConfig {
        require(target.isPresent() || cdrom, "disk " + device + " has no target");
        require(!cdrom || !writable, "disk " + device + " is a CD-ROM, which is read-only");
        require(
                sectorBytes == SECTOR_BYTES || sectorBytes == LARGE_SECTOR_BYTES,
                "disk %s: sector-size must be 512 or 4096, not %d".formatted(device, sectorBytes));
    }

    /// A raw disk that the guest may write, as `device` (`xvda`, ...).
    public static DiskConfig raw(String device, Path target) {
        return of(device, ImageFormat.RAW, target);
    }

    /// A disk of an image of another format that the guest may write.
    public static DiskConfig of(String device, ImageFormat format, Path target) {
        return new DiskConfig(
                device(device), format, Optional.of(target), true, false, true, SECTOR_BYTES);
    }

    /// A CD-ROM drive with a raw image in it, or empty.
    public static DiskConfig cdrom(String device, Optional<Path> target) {
        return new DiskConfig(
                device(device), ImageFormat.RAW, target, false, true, false, SECTOR_BYTES);
    }

    private static VirtualDevice device(String name) {
        return VirtualDevice.parse(name)
                .orElseThrow(
                        () -> new InvalidConfigException("disk \"" + name + "\" is not a device"));
    }

    public DiskConfig readOnly() {
        return new DiskConfig(device, format, target, false, cdrom, false, sectorBytes);
    }

    public DiskConfig withSectorBytes(int bytes) {
        return new DiskConfig(device, format, target, writable, cdrom, discard, bytes);
    }

    /// What xenstore calls `type` and `params`: a path, with its format ahead unless it is raw.
    String params() {
        return target.map(path -> format == ImageFormat.RAW ? path.toString() : tagged(path))
                .orElse("");
    }

    private String tagged(Path path) {
        return format.spelling() + ":" + path;
    }
}
