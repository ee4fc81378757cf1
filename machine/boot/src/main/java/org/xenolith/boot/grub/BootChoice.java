package org.xenolith.boot.grub;

import java.util.List;

/// What a configuration says to start.
///
/// @param title of the menu's entry
/// @param kernel where the kernel is
/// @param arguments its command line
/// @param ramdisks parts of the ramdisk, in order; may be empty
public record BootChoice(String title, Place kernel, String arguments, List<Place> ramdisks) {
    /// A file.
    ///
    /// @param device of [Volumes]
    /// @param path from the root of that device's file system
    public record Place(String device, String path) {
        @Override
        public String toString() {
            return "(" + device + ")" + path;
        }
    }

    public BootChoice {
        ramdisks = List.copyOf(ramdisks);
    }
}
