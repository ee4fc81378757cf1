package org.xenolith.boot;

import static org.xenolith.base.Sizes.GIB;
import static org.xenolith.base.Sizes.MIB;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Places a kernel and what it is told into a guest's memory, as the x86/HVM direct boot ABI asks
/// (Xen's docs/misc/pvh.pandoc). Everything lies in RAM of the memory map, without overlap: the
/// kernel where it asks to be; the start info below 1 GiB, which is what Linux' early page tables
/// reach; modules there too if they fit, else below 4 GiB.
public final class PvhBoot {
    /// Entries that Linux accepts in its memory map.
    public static final int MEMORY_MAP_ENTRIES_MAX = 128;

    public static final int MODULES_MAX = 32;

    /// Bytes of a command line, without its end. Linux takes 2047 of them.
    public static final int COMMAND_LINE_BYTES_MAX = 65_535;

    /// Below this lie real-mode trampolines, and firmware's places by convention.
    private static final long LOWEST = MIB;

    private static final long EARLY_LIMIT = GIB;
    private static final long MODULE_LIMIT = 4 * GIB;

    private final GuestMemory memory;
    private final List<MemoryMapEntry> memoryMap;
    private final List<Range> taken = new ArrayList<>();

    private record Range(long from, long to) {}

    private PvhBoot(GuestMemory memory, List<MemoryMapEntry> memoryMap) {
        this.memory = memory;
        this.memoryMap = memoryMap;
    }

    /// Puts everything in its place. `rsdp` is the address of the ACPI root pointer, 0 for none.
    /// `memoryMap` goes to the guest as it is; its RAM must have frames in `memory`.
    public static StartOfDay place(
            GuestMemory memory,
            KernelImage kernel,
            List<BootModule> modules,
            String commandLine,
            long rsdp,
            List<MemoryMapEntry> memoryMap)
            throws BootException {
        if (memoryMap.size() > MEMORY_MAP_ENTRIES_MAX || modules.size() > MODULES_MAX) {
            throw new IllegalArgumentException("too many memory map entries or modules");
        }
        var boot = new PvhBoot(memory, List.copyOf(memoryMap));
        long entry = kernel.pvhEntry();
        boot.placeKernel(kernel);
        long lowestFree = boot.taken.stream().mapToLong(Range::to).max().orElseThrow();
        var placed = new ArrayList<StartInfo.Module>();
        for (var module : modules) {
            placed.add(boot.placeModule(module));
        }
        var startInfo = new StartInfo(placed, commandLine, rsdp, boot.memoryMap);
        return new StartOfDay(entry, boot.placeStartInfo(startInfo), lowestFree);
    }

    private void placeKernel(KernelImage kernel) throws BootException {
        for (var segment : kernel.segments()) {
            if (!isRam(segment.address(), segment.end())) {
                throw kernel.blamed(
                        "the kernel must be loaded at 0x%x to 0x%x, where the guest has no memory"
                                .formatted(segment.address(), segment.end() - 1));
            }
            copy(segment);
            taken.add(new Range(segment.address(), Sizes.pageAlignUp(segment.end())));
        }
    }

    private void copy(KernelImage.Segment segment) {
        var buffer = new byte[1 << 16];
        var content = segment.content();
        for (long done = 0; done < segment.memoryBytes(); ) {
            int part = (int) Math.min(buffer.length, segment.memoryBytes() - done);
            int filled = (int) Math.clamp(content.byteSize() - done, 0, part);
            if (filled > 0) {
                content.asSlice(done, filled).asByteBuffer().get(buffer, 0, filled);
            }
            Arrays.fill(buffer, filled, part, (byte) 0);
            write(segment.address() + done, buffer, part);
            done += part;
        }
    }

    private StartInfo.Module placeModule(BootModule module) throws BootException {
        long address = allocate(module.bytes(), EARLY_LIMIT);
        if (address < 0) {
            address = allocate(module.bytes(), MODULE_LIMIT);
        }
        if (address < 0) {
            throw new BootException(
                    "%s: its %s do not fit beside the kernel; the guest needs more memory"
                            .formatted(module.file(), Content.mebibytes(module.bytes())));
        }
        try (var channel = FileChannel.open(module.file(), StandardOpenOption.READ)) {
            var buffer = new byte[1 << 16];
            for (long done = 0; done < module.bytes(); ) {
                int part = (int) Math.min(buffer.length, module.bytes() - done);
                int count = channel.read(ByteBuffer.wrap(buffer, 0, part));
                if (count < 0) {
                    throw new BootException("the file shrank while it was read")
                            .about(module.file());
                }
                write(address + done, buffer, count);
                done += count;
            }
        } catch (IOException e) {
            throw Content.unreadable(e).about(module.file());
        }
        return new StartInfo.Module(address, module.bytes(), module.commandLine());
    }

    private long placeStartInfo(StartInfo startInfo) throws BootException {
        int length = startInfo.byteLength();
        long address = allocate(length, EARLY_LIMIT);
        if (address < 0) {
            throw new BootException("the guest has too little memory for kernel and ramdisk");
        }
        write(address, startInfo.encode(address), length);
        return address;
    }

    /// The highest free, page-aligned place in RAM for `bytes` below `limit`, or -1.
    private long allocate(long bytes, long limit) {
        long size = Sizes.pageAlignUp(bytes);
        for (long candidate = limit - size; candidate >= LOWEST; ) {
            long obstacle = obstacle(candidate, candidate + size);
            if (obstacle < 0) {
                taken.add(new Range(candidate, candidate + size));
                return candidate;
            }
            candidate = (obstacle & Sizes.PAGE_MASK) - size;
        }
        return -1;
    }

    /// Where to end below so as to avoid what is in the way of a range; -1 if nothing is.
    private long obstacle(long from, long to) {
        for (var range : taken) {
            if (range.from < to && from < range.to) {
                return range.from;
            }
        }
        if (isRam(from, to)) {
            return -1;
        }
        // The next lower end of RAM, or the beginning of what overlaps it.
        long next = 0;
        for (var entry : memoryMap) {
            boolean ram = entry.type() == MemoryMapEntry.Type.RAM;
            long edge = ram ? entry.end() : entry.address();
            if (edge < to) {
                next = Math.max(next, edge);
            }
        }
        return next;
    }

    /// Whether RAM entries cover the range entirely and no other entry touches it.
    private boolean isRam(long from, long to) {
        long covered = from;
        for (boolean grown = true; grown && covered < to; ) {
            grown = false;
            for (var entry : memoryMap) {
                if (entry.type() == MemoryMapEntry.Type.RAM
                        && entry.address() <= covered
                        && entry.end() > covered) {
                    covered = entry.end();
                    grown = true;
                }
            }
        }
        return covered >= to
                && memoryMap.stream()
                        .noneMatch(entry ->
                                entry.type() != MemoryMapEntry.Type.RAM
                                        && entry.address() < to
                                        && from < entry.end());
    }

    private void write(long address, byte[] bytes, int length) {
        boolean whole = memory.write(address, bytes, 0, length);
        Bug.check(whole, "RAM of the memory map has frames");
    }
}
