package org.xenolith.baseline;

import org.xenolith.ir.Enters;
import org.xenolith.ir.Unit;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.jit.Region;
import org.xenolith.jit.RegionCompiler;
import org.xenolith.linux.ExecutableMemory;
import org.xenolith.linux.HostClock;
import org.xenolith.linux.LinuxException;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/// Makes machine code of regions, for x86-64 Linux hosts. A region is made in a fraction of a
/// millisecond and runs at once; nothing checks its accesses, so a wrong translation would reach
/// whatever else the process holds (docs/security.md).
public final class MachineCodeCompiler implements RegionCompiler {
    /// Bytes of code of a region at most.
    private static final int CODE_BYTES_MAX = 1 << 16;

    private final ExecutableMemory executable;
    private final int codeBytes;
    private final int features;

    /// Of the host, if code may ask it.
    private final OptionalLong clock;

    private final DirectLinks links;

    private final AtomicInteger compiled = new AtomicInteger();

    /// The code that regions are entered through, by the view in use.
    private final MemorySegment[] entries = new MemorySegment[Enters.VIEWS];

    /// The same for calls with one view only.
    private MemorySegment shortEntry;

    /// The address of what is entered for code that goes on after a pause.
    private long resume;

    /// Code of earlier generations is no more.
    private volatile int generation;

    /// @param isHostTime whether the contexts' clock is the host's, see [org.xenolith.ir.HostTime]
    /// @param codeBytes room for code, a multiple of the page size
    /// @throws LinuxException where the host is another or does not allow it
    public MachineCodeCompiler(boolean isHostTime, int codeBytes) throws LinuxException {
        this(isHostTime, codeBytes, 0);
    }

    /// @param without bits of [HostProcessor] that are not asked for
    MachineCodeCompiler(boolean isHostTime, int codeBytes, int without) throws LinuxException {
        this.codeBytes = codeBytes;
        executable = ExecutableMemory.create("xenolith-code", codeBytes);
        links = new DirectLinks(executable, codeBytes);
        clock = isHostTime ? HostClock.clockGettime() : OptionalLong.empty();
        int time = clock.isPresent() ? HostProcessor.TIME : 0;
        features = (HostProcessor.features(executable) | time) & ~without;
        addEntries();
    }

    private void addEntries() {
        var flags = new long[] {add(FlagRoutine.generate()), add(CarryRoutine.generate())};
        for (int view = 0; view < entries.length; view++) {
            entries[view] = addEntry(view, flags);
        }
        shortEntry = addEntry(EntryCode.ALONE, flags);
        resume = add(Pauses.resume());
    }

    private MemorySegment addEntry(int view, long[] flags) {
        return MemorySegment.ofAddress(add(EntryCode.generate(view, flags, clock)));
    }

    private long add(Assembler code) {
        return executable.add(code.buffer(), code.size()).orElseThrow();
    }

    /// What the host has of all that code may depend on, as bits.
    public int hostFeatures() {
        return features;
    }

    /// Whether this host is one for which code can be made.
    public static boolean isSupported() {
        return ExecutableMemory.isSupported();
    }

    @Override
    public boolean canDo(Unit instruction) {
        return Support.canDo(instruction, features);
    }

    @Override
    public Optional<CompiledRegion> compile(Region region) {
        var made = image(region).flatMap(this::install);
        made.ifPresent(_ -> compiled.incrementAndGet());
        return made.map(Function.identity());
    }

    /// The machine code of a region, not yet where it can be executed; nothing if it is too large.
    public Optional<RegionImage> image(Region region) {
        RegionCode made;
        try {
            if (!isPossible(region)) {
                return Optional.empty();
            }
            made = RegionCode.generate(region, features);
        } catch (Unfit unfit) {
            return Optional.empty();
        }
        var code = made.code();
        if (code.size() > CODE_BYTES_MAX) {
            return Optional.empty();
        }
        var bytes = MemorySegment.ofArray(code.buffer()).asSlice(0, code.size());
        return Optional.of(new RegionImage(bytes, made.wantsExplicitFlags()));
    }

    /// Makes executable what [#image] of this or of another compiler has made; nothing if there is
    /// no room. The code comes from a place that only we write to.
    public Optional<MachineRegion> install(RegionImage image) {
        int now = generation;
        var address = executable.add(image.code());
        return address.isEmpty()
                ? Optional.empty()
                : Optional.of(new MachineRegion(this, address.getAsLong(), now, image));
    }

    private boolean isPossible(Region region) {
        for (var block : region.blocks()) {
            if (!Support.canDo(block.unit(), features)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int compiledRegions() {
        return compiled.get();
    }

    /// Regions of no context jump straight to each other any more: there are several that execute
    /// them. While none does.
    public void endLinks() {
        links.end();
    }

    /// Whether regions may jump straight to each other: then what code is made for is retired with
    /// it, see [MachineRegion#retire].
    public boolean areRegionsLinked() {
        return links.haveBegun();
    }

    /// How many ways out of regions jump straight to another now.
    public int directLinks() {
        return links.count();
    }

    DirectLinks links() {
        return links;
    }

    int generation() {
        return generation;
    }

    MemorySegment code(long address, int length) {
        return executable.code(address, length);
    }

    /// The address of the code that regions are entered through with a view in use.
    MemorySegment entry(int view) {
        return entries[view];
    }

    /// The same for calls with the pointers of one view only.
    MemorySegment shortEntry() {
        return shortEntry;
    }

    /// The address of what is entered, as a region is, for code that goes on after a pause.
    long resume() {
        return resume;
    }

    /// How many bytes of code there are.
    public int codeBytes() {
        return executable.used();
    }

    @Override
    public boolean isFull() {
        return executable.used() > codeBytes - CODE_BYTES_MAX;
    }

    @Override
    public void reset() {
        generation = generation + 1;
        links.clear();
        executable.reset();
        addEntries();
    }

    @Override
    public void close() {
        generation = generation + 1;
        links.end();
        executable.close();
    }
}
