package org.xenolith.engine.soft;

import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.baseline.MachineRegion;
import org.xenolith.baseline.RegionImage;
import org.xenolith.memory.GuestMemory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;

/// Puts regions of a [CodeStore] into use where the guest has the code that they were made from,
/// and keeps new ones.
final class StoredCode implements AutoCloseable {
    private final GuestMemory memory;
    private final CodeCache cache;
    private final CodeStore store;
    private final MachineCodeCompiler compiler;
    private final IntSupplier vcpus;

    private volatile boolean isKeeping = true;
    private final AtomicInteger revived = new AtomicInteger();

    /// Relative code in use, by the number of its region.
    private final Map<Integer, MachineRegion> installed = new ConcurrentHashMap<>();

    StoredCode(
            GuestMemory memory,
            CodeCache cache,
            CodeStore store,
            MachineCodeCompiler compiler,
            IntSupplier vcpus) {
        this.memory = memory;
        this.cache = cache;
        this.store = store;
        this.compiler = compiler;
        this.vcpus = vcpus;
    }

    /// Keeps a region, if its code is likely to be met again as it is. A file that cannot be
    /// written is left as it is.
    void keep(Block entry, List<StoredRegion.Part> parts, RegionImage image) {
        boolean relative = StoredRegion.isRelative(entry.pc);
        boolean alike =
                parts.stream().allMatch(part -> StoredRegion.isRelative(part.pc()) == relative);
        if (!isKeeping || !alike) {
            return;
        }
        try {
            store.add(new StoredRegion(entry.pc, entry.mode, entry.length, parts, image));
        } catch (IOException e) {
            isKeeping = false;
        }
    }

    /// Whether nothing is kept of a block so far.
    boolean wants(Block block) {
        return isKeeping
                && store.isWritable()
                && !store.contains(block.pc, block.mode, memory.segment(), block.host);
    }

    /// Keeps a block as a region of its own, which is not needed now.
    void keepForLater(Block entry) {
        if (!wants(entry)) {
            return;
        }
        var level = RegionRequest.Level.WARM;
        var request = RegionRequest.gather(entry, level, Block::weight, memory, 1);
        if (request.members().isEmpty()) {
            return; // its code has been written meanwhile
        }
        RegionBuilder.build(request, compiler)
                .ifPresent(built ->
                        compiler.image(built.region())
                                .ifPresent(image -> keep(entry, built.parts(), image)));
    }

    /// See [Regions#revive].
    Optional<Block> revive(long pc, int mode, long host, SoftCpu cpu, IntConsumer watch) {
        if ((mode & Translator.SINGLE) != 0) {
            return Optional.empty();
        }
        for (var found : store.find(pc, mode, memory.segment(), host)) {
            var frames = frames(found.region(), cpu);
            if (frames.isPresent() && isSame(found.region(), frames.get())) {
                return revive(found, host, frames.get(), cpu, watch);
            }
        }
        return Optional.empty();
    }

    /// How many regions of earlier runs have been put into use.
    int revived() {
        return revived.get();
    }

    /// Where the pages lie that a region is made from; nothing if one of them is not there.
    private static Optional<Map<Long, Integer>> frames(StoredRegion region, SoftCpu cpu) {
        var frames = new HashMap<Long, Integer>();
        for (var part : region.parts()) {
            long last = part.pc() + part.bytes().byteSize() - 1;
            for (long page = part.pc() & -4096L; page <= (last & -4096L); page += 4096) {
                int frame = frames.computeIfAbsent(page, cpu::codeFrame);
                if (frame < 0) {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(frames);
    }

    /// Whether a region has been made from what lies in memory.
    private boolean isSame(StoredRegion region, Map<Long, Integer> frames) {
        for (var part : region.parts()) {
            long length = part.bytes().byteSize();
            long within = Math.min(length, 4096 - (part.pc() & 4095));
            long host = host(part.pc(), frames);
            if (differs(host, part.bytes(), 0, within)
                    || within < length
                            && differs(
                                    host(part.pc() + within, frames),
                                    part.bytes(),
                                    within,
                                    length)) {
                return false;
            }
        }
        return true;
    }

    private static long host(long pc, Map<Long, Integer> frames) {
        return (long) frames.get(pc & -4096L) << 12 | pc & 4095;
    }

    private boolean differs(long host, MemorySegment bytes, long from, long to) {
        return MemorySegment.mismatch(memory.segment(), host, host + to - from, bytes, from, to)
                >= 0;
    }

    private Optional<Block> revive(
            CodeStore.Found found,
            long host,
            Map<Long, Integer> frames,
            SoftCpu cpu,
            IntConsumer watch) {
        var region = found.region();
        if (!watched(frames)) {
            cpu.alone(() -> frames.values().forEach(watch::accept));
            // What has been found out may have changed meanwhile.
            return watched(frames) && cpu.resolveCode(region.pc()) == host
                    ? revive(region.pc(), region.mode(), host, cpu, watch)
                    : Optional.empty();
        }
        var made = install(found);
        if (made.isEmpty()) {
            return Optional.empty();
        }
        var block = block(region, host, frames);
        BooleanSupplier isCurrent = () -> watched(frames) && isSame(region, frames);
        var inUse = cache.publish(block, isCurrent);
        if (inUse == block) {
            revived.incrementAndGet();
            cache.add(live(block, region, made.get(), frames), isCurrent);
        }
        return Optional.ofNullable(inUse);
    }

    /// The code of a region: relative code once for all addresses.
    private Optional<MachineRegion> install(CodeStore.Found found) {
        if (!StoredRegion.isRelative(found.region().pc())) {
            return compiler.install(found.region().image());
        }
        var known = installed.get(found.number());
        if (known != null && !known.isGone()) {
            return Optional.of(known);
        }
        var made = compiler.install(found.region().image());
        made.ifPresent(code -> installed.put(found.number(), code));
        return made;
    }

    private boolean watched(Map<Long, Integer> frames) {
        return frames.values().stream().allMatch(memory::isWatched);
    }

    /// The block at a region's entry, on its second page only if the region is.
    private static Block block(StoredRegion region, long host, Map<Long, Integer> frames) {
        int length = region.entryLength();
        int within = 4096 - ((int) region.pc() & 4095);
        int second = frames.getOrDefault((region.pc() & -4096L) + 4096, -1);
        boolean crosses = length > within && second >= 0;
        return new Block(
                region.pc(),
                region.mode(),
                host,
                crosses ? length : Math.min(length, within),
                crosses ? second : -1);
    }

    private LiveRegion live(
            Block block, StoredRegion region, MachineRegion made, Map<Long, Integer> frames) {
        var members = region.parts().stream().map(StoredRegion.Part::pc).toList();
        return new LiveRegion(
                block,
                members,
                RegionRequest.Level.WARM,
                made,
                LiveRegion.pages(block.pc, RegionBuilder.lines(region.parts()), frames::get),
                Regions.WARM_WORTH,
                vcpus.getAsInt());
    }

    @Override
    public void close() {
        store.close();
    }
}
