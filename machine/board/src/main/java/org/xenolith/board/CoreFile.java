package org.xenolith.board;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.CoreNotes;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A domain's memory and processors in a file, as Xen's tools write it: an ELF file of sections
/// (docs/misc/dump-core-format.txt in the Xen tree). Pages of zeros are holes of the file.
///
/// ```
///  ELF header, section headers, .shstrtab, .note.Xen, .xen_prstatus │ .xen_pages │ .xen_pfn
/// ```
final class CoreFile {
    private static final int HEADER_BYTES = 64;
    private static final int SECTION_HEADER_BYTES = 64;
    private static final int TYPE_CORE = 4;
    private static final int MACHINE_X86_64 = 62;
    private static final int SECTION_PROGRAM = 1;
    private static final int SECTION_STRINGS = 3;
    private static final int SECTION_NOTE = 7;
    private static final int NOTE_ALIGNMENT = 4;

    private static final List<String> NAMES =
            List.of("", ".shstrtab", ".note.Xen", ".xen_prstatus", ".xen_pages", ".xen_pfn");
    private static final byte[] STRINGS =
            (String.join("\0", NAMES) + "\0").getBytes(StandardCharsets.US_ASCII);

    private record Section(int type, long offset, long bytes, int alignment, int entryBytes) {}

    private final List<Section> sections = new ArrayList<>();
    private long end = HEADER_BYTES + (long) NAMES.size() * SECTION_HEADER_BYTES;

    private CoreFile() {}

    /// `contexts` has one context for each vCPU. What is in the file is replaced; only its owner
    /// can read a new one. Nothing may change memory meanwhile.
    static void write(Path file, List<byte[]> contexts, GuestMemory memory) throws IOException {
        var onlyOwner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        var options =
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE);
        var channel = FileChannel.open(file, options, onlyOwner);
        try (channel) {
            new CoreFile().write(channel, contexts, memory);
        } catch (IOException e) {
            if (Files.isRegularFile(file)) {
                Files.delete(file);
            }
            throw e;
        }
    }

    private void write(FileChannel channel, List<byte[]> contexts, GuestMemory memory)
            throws IOException {
        var counter = new long[1];
        memory.forEachPage((_, _) -> counter[0]++);
        long pages = counter[0];
        var notes = CoreNotes.of(contexts.size(), pages);
        int context = contexts.getFirst().length;
        sections.add(new Section(0, 0, 0, 0, 0));
        long stringsAt = place(SECTION_STRINGS, STRINGS.length, 1, 0);
        long notesAt = place(SECTION_NOTE, notes.length, NOTE_ALIGNMENT, 0);
        long contextsAt =
                place(SECTION_PROGRAM, (long) contexts.size() * context, Long.BYTES, context);
        long pagesAt = place(SECTION_PROGRAM, pages * PAGE_BYTES, PAGE_BYTES, PAGE_BYTES);
        long framesAt = place(SECTION_PROGRAM, pages * Long.BYTES, Long.BYTES, Long.BYTES);
        var head = ByteBuffer.allocate((int) pagesAt).order(ByteOrder.LITTLE_ENDIAN);
        putHeader(head);
        putSectionHeaders(head);
        head.position((int) stringsAt).put(STRINGS).position((int) notesAt).put(notes);
        head.position((int) contextsAt);
        contexts.forEach(head::put);
        writeAll(channel, head.rewind(), 0);
        writePages(channel, memory, pagesAt);
        writeFrameNumbers(channel, memory, framesAt);
    }

    /// The next section in the order of [#NAMES]. Returns its place in the file.
    private long place(int type, long bytes, int alignment, int entryBytes) {
        long offset = (end + alignment - 1) & -alignment;
        sections.add(new Section(type, offset, bytes, alignment, entryBytes));
        end = offset + bytes;
        return offset;
    }

    // ---------------------------------------------------------------- ELF (gABI, ELF-64)

    private static void putHeader(ByteBuffer head) {
        head.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
                .putShort((short) TYPE_CORE)
                .putShort((short) MACHINE_X86_64)
                .putInt(1)
                .putLong(0) // e_entry
                .putLong(0) // e_phoff
                .putLong(HEADER_BYTES) // e_shoff
                .putInt(0) // e_flags
                .putShort((short) HEADER_BYTES)
                .putShort((short) 0) // e_phentsize
                .putShort((short) 0)
                .putShort((short) SECTION_HEADER_BYTES)
                .putShort((short) NAMES.size())
                .putShort((short) NAMES.indexOf(".shstrtab"));
    }

    private void putSectionHeaders(ByteBuffer head) {
        int name = 0;
        for (int i = 0; i < sections.size(); i++) {
            var section = sections.get(i);
            head.putInt(name).putInt(section.type);
            head.putLong(0).putLong(0).putLong(section.offset).putLong(section.bytes);
            head.putInt(0).putInt(0).putLong(section.alignment).putLong(section.entryBytes);
            name += NAMES.get(i).length() + 1;
        }
    }

    // ---------------------------------------------------------------- memory

    private static void writePages(FileChannel channel, GuestMemory memory, long offset)
            throws IOException {
        try (var arena = Arena.ofConfined()) {
            var zeros = arena.allocate(PAGE_BYTES);
            var at = new long[] {offset};
            memory.forEachPage((_, content) -> {
                if (MemorySegment.mismatch(content, 0, PAGE_BYTES, zeros, 0, PAGE_BYTES) >= 0) {
                    writeAll(channel, content.asByteBuffer(), at[0]);
                }
                at[0] += PAGE_BYTES;
            });
        }
    }

    private static void writeFrameNumbers(FileChannel channel, GuestMemory memory, long offset)
            throws IOException {
        var buffer = ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        var at = new long[] {offset};
        memory.forEachPage((gfn, _) -> {
            buffer.putLong(gfn);
            if (!buffer.hasRemaining()) {
                at[0] += writeAll(channel, buffer.flip(), at[0]);
                buffer.clear();
            }
        });
        writeAll(channel, buffer.flip(), at[0]);
    }

    private static int writeAll(FileChannel channel, ByteBuffer bytes, long offset)
            throws IOException {
        int done = 0;
        while (bytes.hasRemaining()) {
            done += channel.write(bytes, offset + done);
        }
        return done;
    }
}
