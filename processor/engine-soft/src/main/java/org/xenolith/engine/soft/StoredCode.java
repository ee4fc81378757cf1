package org.xenolith.engine.soft;

import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.baseline.MachineRegion;
import org.xenolith.baseline.RegionImage;
import org.xenolith.memory.GuestMemory;

import java.io.IOException;
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

    /// Code that has been in use, by the number of its region.
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
            var placed = PlacedRegion.of(found.region(), cpu);
            if (placed != null && placed.isSame()) {
                return revive(found.number(), placed, host, cpu, watch);
            }
        }
        return Optional.empty();
    }

    /// How many regions of earlier runs have been put into use.
    int revived() {
        return revived.get();
    }

    private Optional<Block> revive(
            int number, PlacedRegion placed, long host, SoftCpu cpu, IntConsumer watch) {
        var region = placed.region();
        if (!placed.isWatched()) {
            cpu.alone(() -> placed.forEachFrame(watch));
            // What has been found out may have changed meanwhile.
            return placed.isWatched() && cpu.resolveCode(region.pc()) == host
                    ? revive(region.pc(), region.mode(), host, cpu, watch)
                    : Optional.empty();
        }
        var made = install(number, region);
        if (made.isEmpty()) {
            return Optional.empty();
        }
        var block = placed.block(host);
        BooleanSupplier isCurrent = () -> placed.isWatched() && placed.isSame();
        var inUse = cache.publish(block, isCurrent);
        if (inUse == block) {
            revived.incrementAndGet();
            cache.add(placed.live(block, made.get(), vcpus.getAsInt()), isCurrent);
        }
        return Optional.ofNullable(inUse);
    }

    /// The code of a region, which is there once for all addresses and frames; but not code that is
    /// retired with the region that it is made for.
    private Optional<MachineRegion> install(int number, StoredRegion region) {
        if (CodePages.isUpper(region.pc()) && compiler.areRegionsLinked()) {
            return compiler.install(region.image());
        }
        var known = installed.get(number);
        if (known != null && !known.isGone()) {
            return Optional.of(known);
        }
        var made = compiler.install(region.image());
        made.ifPresent(code -> installed.put(number, code));
        return made;
    }

    @Override
    public void close() {
        store.close();
    }
}
