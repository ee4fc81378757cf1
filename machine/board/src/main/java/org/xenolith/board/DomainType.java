package org.xenolith.board;

/// `type` in xl.cfg.
public enum DomainType {
    /// A kernel that enters through `XEN_ELFNOTE_PHYS32_ENTRY`.
    PVH,
    /// Accepted where the firmware is itself an ELF file with a PVH entry; there is no BIOS.
    HVM
}
