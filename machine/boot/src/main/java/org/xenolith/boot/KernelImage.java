package org.xenolith.boot;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A kernel, unpacked and understood: what to put where, and where to begin.
///
/// Accepts a Linux bzImage (its payload is unpacked) and an ELF file of either class, plain or
/// packed with gzip. Holds the unpacked bytes off the heap until closed; not to be closed while
/// another thread uses it.
public final class KernelImage implements AutoCloseable {
    private final Arena arena;
    private final Elf elf;
    private final Optional<Path> file;

    private KernelImage(Arena arena, Elf elf, Optional<Path> file) {
        this.arena = arena;
        this.elf = elf;
        this.file = file;
    }

    /// Reads a kernel from a file. `ramBytes`, the guest's memory, bounds both the file and what it
    /// unpacks to. Every refusal names the file and the reason.
    public static KernelImage read(Path file, long ramBytes) throws BootException {
        var arena = Arena.ofShared();
        try {
            var content = Content.read(file, ramBytes, arena);
            return new KernelImage(arena, parse(content, ramBytes, arena), Optional.of(file));
        } catch (BootException e) {
            arena.close();
            throw e.about(file);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /// The same from bytes in memory; refusals name the reason only.
    public static KernelImage parse(byte[] bytes, long ramBytes) throws BootException {
        var arena = Arena.ofShared();
        try {
            var content = MemorySegment.ofArray(bytes);
            return new KernelImage(arena, parse(content, ramBytes, arena), Optional.empty());
        } catch (BootException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static Elf parse(MemorySegment content, long ramBytes, Arena arena)
            throws BootException {
        if (Elf.hasMagic(content)) {
            return Elf.parse(content, ramBytes);
        }
        if (BzImage.hasMagic(content)) {
            return unpack(BzImage.parse(content).payload(), ramBytes, arena);
        }
        if (Packing.of(content).equals(Optional.of(Packing.GZIP))) {
            return unpack(content, ramBytes, arena);
        }
        throw new BootException("neither an ELF file nor a Linux bzImage");
    }

    private static Elf unpack(MemorySegment packed, long ramBytes, Arena arena)
            throws BootException {
        var unpacked = Decompression.unpack(packed, ramBytes, arena);
        if (!Elf.hasMagic(unpacked)) {
            throw new BootException("what the kernel unpacks to is no ELF file");
        }
        return Elf.parse(unpacked, ramBytes);
    }

    /// A loadable part: `content` goes to guest-physical `address`, followed by zeros up to
    /// `memoryBytes`.
    public record Segment(long address, MemorySegment content, long memoryBytes) {
        /// The first address behind the part.
        public long end() {
            return address + memoryBytes;
        }
    }

    /// The loadable parts in the file's order; at least one, none of them empty.
    public List<Segment> segments() {
        return elf.segments();
    }

    /// The notes that the image carries under the name "Xen".
    public XenNotes notes() {
        return elf.notes();
    }

    /// The guest-physical address of the PVH entry, inside one of [#segments].
    public long pvhEntry() throws BootException {
        var noted = notes().physicalEntry();
        if (noted.isEmpty()) {
            throw blamed("it has no PHYS32_ENTRY note, so it cannot start as a PVH guest");
        }
        long entry = noted.get();
        if (segments().stream().noneMatch(s -> entry >= s.address() && entry < s.end())) {
            throw blamed("its PVH entry 0x%x is outside of what it loads".formatted(entry));
        }
        return entry;
    }

    /// A refusal of this kernel, naming its file if it came from one.
    BootException blamed(String reason) {
        var refusal = new BootException(reason);
        return file.map(refusal::about).orElse(refusal);
    }

    /// Gives the memory of the unpacked kernel back.
    @Override
    public void close() {
        arena.close();
    }
}
