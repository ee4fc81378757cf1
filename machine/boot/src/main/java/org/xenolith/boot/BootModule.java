package org.xenolith.boot;

import java.nio.file.Path;

/// A file handed to the kernel beside itself; the first one is a Linux guest's ramdisk.
///
/// @param file where the bytes are; read when the module is placed
/// @param bytes the file's length when it was checked; at least 1
/// @param commandLine the module's own command line; empty for none
public record BootModule(Path file, long bytes, String commandLine) {
    /// A ramdisk, checked: it exists, is not empty, and if it is of a known format it is whole.
    /// `ramBytes`, the guest's memory, bounds its size. Every refusal names the file.
    public static BootModule ramdisk(Path file, long ramBytes) throws BootException {
        try {
            return new BootModule(file, Ramdisk.check(file, ramBytes), "");
        } catch (BootException e) {
            throw e.about(file);
        }
    }
}
