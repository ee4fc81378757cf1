package org.xenolith.boot;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// An ELF executable for x86, of either class: its loadable parts by physical address and its Xen
/// notes (System V ABI, chapters 4 and 5).
record Elf(List<KernelImage.Segment> segments, XenNotes notes) {
    private static final int MAGIC = 0x464C_457F;
    private static final int CLASS_32 = 1;
    private static final int CLASS_64 = 2;
    private static final int DATA_LITTLE_ENDIAN = 1;
    private static final int MACHINE_386 = 3;
    private static final int MACHINE_X86_64 = 62;
    private static final int TYPE_EXECUTABLE = 2;
    private static final int TYPE_SHARED = 3;
    private static final long PT_LOAD = 1;
    private static final long PT_NOTE = 4;
    private static final long SHT_NOTE = 7;

    /// Program and section headers that are looked at; kernels have fewer than a hundred.
    private static final int HEADERS_MAX = 4096;

    Elf {
        segments = List.copyOf(segments);
    }

    static boolean hasMagic(MemorySegment content) {
        try {
            return new ByteReader(content, "").u32(0) == MAGIC;
        } catch (BootException _) {
            return false;
        }
    }

    /// `memoryBytesMax` bounds the sum of all loadable parts.
    static Elf parse(MemorySegment content, long memoryBytesMax) throws BootException {
        var layout = Layout.of(new ByteReader(content, "the ELF file"));
        var segments = new ArrayList<KernelImage.Segment>();
        var notes = new NoteParser();
        long left = memoryBytesMax;
        for (var header : layout.programHeaders()) {
            if (header.type == PT_LOAD && header.memoryBytes != 0) {
                var segment = loadable(layout.reader, header);
                left -= segment.memoryBytes();
                if (left < 0) {
                    throw new BootException(
                            "the kernel needs more than the guest's memory of "
                                    + Content.mebibytes(memoryBytesMax));
                }
                segments.add(segment);
            } else if (header.type == PT_NOTE) {
                notes.parse(layout.reader.slice(header.offset, header.fileBytes), header.alignment);
            }
        }
        if (segments.isEmpty()) {
            throw new BootException("the ELF file has nothing to load");
        }
        if (notes.isEmpty()) {
            for (var section : layout.noteSections()) {
                notes.parse(
                        layout.reader.slice(section.offset, section.fileBytes), section.alignment);
            }
        }
        return new Elf(segments, notes.notes());
    }

    private static KernelImage.Segment loadable(ByteReader reader, Header header)
            throws BootException {
        if (header.address < 0
                || header.memoryBytes < 0
                || header.address + header.memoryBytes < 0
                || Long.compareUnsigned(header.fileBytes, header.memoryBytes) > 0) {
            throw new BootException("a program header of the ELF file is corrupt");
        }
        return new KernelImage.Segment(
                header.address, reader.slice(header.offset, header.fileBytes), header.memoryBytes);
    }

    /// What program headers and section headers have in common.
    private record Header(
            long type,
            long offset,
            long address,
            long fileBytes,
            long memoryBytes,
            long alignment) {}

    /// Where the tables are, for one of the two classes.
    private record Layout(ByteReader reader, boolean wide) {
        static Layout of(ByteReader reader) throws BootException {
            int elfClass = reader.u8(4);
            if (elfClass != CLASS_32 && elfClass != CLASS_64) {
                throw new BootException("the ELF file is of unknown class " + elfClass);
            }
            if (reader.u8(5) != DATA_LITTLE_ENDIAN) {
                throw new BootException("the ELF file is not little-endian");
            }
            int type = reader.u16(16);
            if (type != TYPE_EXECUTABLE && type != TYPE_SHARED) {
                throw new BootException("the ELF file is no executable (type " + type + ")");
            }
            int machine = reader.u16(18);
            if (machine != MACHINE_386 && machine != MACHINE_X86_64) {
                throw new BootException("the ELF file is not for x86 (machine " + machine + ")");
            }
            return new Layout(reader, elfClass == CLASS_64);
        }

        List<Header> programHeaders() throws BootException {
            long table = wide ? reader.u64(32) : reader.u32(28);
            int size = reader.u16(wide ? 54 : 42);
            int count = reader.u16(wide ? 56 : 44);
            checkTable(size, wide ? 56 : 32, count);
            var headers = new ArrayList<Header>();
            for (int i = 0; i < count; i++) {
                long at = entry(table, size, i);
                headers.add(
                        wide
                                ? new Header(
                                        reader.u32(at),
                                        reader.u64(at + 8),
                                        reader.u64(at + 24),
                                        reader.u64(at + 32),
                                        reader.u64(at + 40),
                                        reader.u64(at + 48))
                                : new Header(
                                        reader.u32(at),
                                        reader.u32(at + 4),
                                        reader.u32(at + 12),
                                        reader.u32(at + 16),
                                        reader.u32(at + 20),
                                        reader.u32(at + 28)));
            }
            return headers;
        }

        /// Sections of type `SHT_NOTE`; none if the section table is absent.
        List<Header> noteSections() throws BootException {
            long table = wide ? reader.u64(40) : reader.u32(32);
            int size = reader.u16(wide ? 58 : 46);
            int count = reader.u16(wide ? 60 : 48);
            if (table == 0 || count == 0) {
                return List.of();
            }
            checkTable(size, wide ? 64 : 40, count);
            var headers = new ArrayList<Header>();
            for (int i = 0; i < count; i++) {
                long at = entry(table, size, i);
                if (reader.u32(at + 4) == SHT_NOTE) {
                    headers.add(
                            wide
                                    ? new Header(
                                            SHT_NOTE,
                                            reader.u64(at + 24),
                                            0,
                                            reader.u64(at + 32),
                                            0,
                                            reader.u64(at + 48))
                                    : new Header(
                                            SHT_NOTE,
                                            reader.u32(at + 16),
                                            0,
                                            reader.u32(at + 20),
                                            0,
                                            reader.u32(at + 32)));
                }
            }
            return headers;
        }

        private static void checkTable(int size, int needed, int count) throws BootException {
            if (count > HEADERS_MAX || (count > 0 && size < needed)) {
                throw new BootException("a header table of the ELF file is corrupt");
            }
        }

        private static long entry(long table, int size, int index) throws BootException {
            long at = table + (long) size * index;
            if (table < 0 || at < 0 || at > Long.MAX_VALUE - 64) {
                throw new BootException("a header table of the ELF file is corrupt");
            }
            return at;
        }
    }
}
