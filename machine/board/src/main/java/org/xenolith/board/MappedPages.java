package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.linux.HostFile;
import org.xenolith.linux.LinuxException;
import org.xenolith.memory.GuestMemory;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/// Pages of a saved file that are shown, not copied: they are read when the guest touches them, and
/// all machines that show the file share what they have not written. For one thread.
final class MappedPages implements MachineImage.PageSource, AutoCloseable {
    /// Pieces of a process's address space are bounded (`vm.max_map_count`, 65,530 unless set), and
    /// others need some too.
    private static final int PIECES_MAX = 16_384;

    /// To show so few pages costs more than to copy them.
    private static final int COPIED_PAGES = 4;

    private final Path path;

    /// Empty where the host cannot show files.
    private final Optional<HostFile> file;

    private int pieces;

    private MappedPages(Path path, Optional<HostFile> file) {
        this.path = path;
        this.file = file;
    }

    /// The pages of a file, which must keep its content as long as the machines live. This may be
    /// closed when they have been made.
    static MappedPages of(Path file) {
        try {
            if (HostFile.isSupported()) {
                var open = HostFile.open(file, false);
                return new MappedPages(open.path(), Optional.of(open));
            }
        } catch (LinuxException _) {
            return new MappedPages(file, Optional.empty()); // who reads it will say why
        }
        return new MappedPages(file, Optional.empty());
    }

    /// By which the same file is read.
    Path path() {
        return path;
    }

    @Override
    public void fill(
            GuestMemory memory, int frame, int count, MemorySegment contents, long position) {
        boolean shown =
                count > COPIED_PAGES
                        && pieces < PIECES_MAX
                        && position % Sizes.PAGE_BYTES == 0
                        && file.isPresent()
                        && show(memory, frame, count, position);
        if (!shown) {
            COPY.fill(memory, frame, count, contents, position);
        }
    }

    private boolean show(GuestMemory memory, int frame, int count, long position) {
        try {
            memory.showFile(frame, count, file.orElseThrow(), position);
            pieces++;
            return true;
        } catch (LinuxException _) {
            return false;
        }
    }

    @Override
    public void close() {
        try {
            if (file.isPresent()) {
                file.get().close();
            }
        } catch (LinuxException e) {
            throw new Bug("our own descriptor can be given back", e);
        }
    }
}
