package org.xenolith.boot;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Collects the Xen notes of an ELF file. The first note of a type wins.
final class NoteParser {
    private static final int HEADER_BYTES = 12;
    private static final byte[] NAME = "Xen\0".getBytes(StandardCharsets.US_ASCII);

    /// Notes that are looked at in one segment.
    private static final int NOTES_MAX = 4096;

    private Optional<Long> physicalEntry = Optional.empty();
    private Optional<XenNotes.Relocation> relocation = Optional.empty();

    boolean isEmpty() {
        return physicalEntry.isEmpty() && relocation.isEmpty();
    }

    XenNotes notes() {
        return new XenNotes(physicalEntry, relocation);
    }

    /// `alignment` is the segment's; names and descriptions are padded to 4 bytes, or to 8 where
    /// the segment says so.
    void parse(MemorySegment segment, long alignment) throws BootException {
        var reader = new ByteReader(segment, "a note segment of the ELF file");
        long padding = alignment == 8 ? 8 : 4;
        long at = 0;
        for (int i = 0; i < NOTES_MAX && at + HEADER_BYTES <= segment.byteSize(); i++) {
            long nameBytes = reader.u32(at);
            long descriptionBytes = reader.u32(at + 4);
            long type = reader.u32(at + 8);
            long name = at + HEADER_BYTES;
            long description = alignUp(name + nameBytes, padding);
            if (nameBytes == NAME.length
                    && reader.slice(name, nameBytes).mismatch(MemorySegment.ofArray(NAME)) < 0) {
                take(type, new ByteReader(reader.slice(description, descriptionBytes), "a note"));
            }
            at = alignUp(description + descriptionBytes, padding);
        }
    }

    private void take(long type, ByteReader description) throws BootException {
        if (type == XenNotes.PHYS32_ENTRY && physicalEntry.isEmpty()) {
            physicalEntry = Optional.of(entry(description));
        } else if (type == XenNotes.PHYS32_RELOC && relocation.isEmpty()) {
            relocation = Optional.of(relocation(description));
        }
    }

    /// The entry is a word of four or eight bytes, but always a 32-bit address.
    private static long entry(ByteReader description) throws BootException {
        long entry = description.bytes().byteSize() >= 8 ? description.u64(0) : description.u32(0);
        if (entry < 0 || entry > 0xFFFF_FFFFL) {
            throw new BootException("the PHYS32_ENTRY note is corrupt");
        }
        return entry;
    }

    /// Three words: alignment, lowest and highest address, each optional with the defaults of
    /// xen/include/public/elfnote.h.
    private static XenNotes.Relocation relocation(ByteReader description) throws BootException {
        long words = description.bytes().byteSize() / 4;
        return new XenNotes.Relocation(
                words > 0 ? description.u32(0) : 0x20_0000,
                words > 1 ? description.u32(4) : 0,
                words > 2 ? description.u32(8) : 0xFFFF_FFFFL);
    }

    private static long alignUp(long value, long alignment) {
        return (value + alignment - 1) & -alignment;
    }
}
