package org.xenolith.boot;

import java.util.Optional;

/// What a kernel says of itself in ELF notes of the name "Xen" (xen/include/public/elfnote.h).
///
/// @param physicalEntry `XEN_ELFNOTE_PHYS32_ENTRY` (18): where a PVH guest begins
/// @param relocation `XEN_ELFNOTE_PHYS32_RELOC` (19), if the kernel may be moved; we never move it
public record XenNotes(Optional<Long> physicalEntry, Optional<Relocation> relocation) {
    public static final int PHYS32_ENTRY = 18;
    public static final int PHYS32_RELOC = 19;

    public static final XenNotes NONE = new XenNotes(Optional.empty(), Optional.empty());

    /// Where a kernel may be moved to: alignment and bounds are guest-physical, in bytes; `maximum`
    /// is the highest address of the kernel's last byte.
    public record Relocation(long alignment, long minimum, long maximum) {}
}
