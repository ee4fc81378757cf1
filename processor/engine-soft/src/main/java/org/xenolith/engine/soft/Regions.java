package org.xenolith.engine.soft;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.baseline.MachineRegion;
import org.xenolith.ir.Unit;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.jit.MemoryAccess;
import org.xenolith.jit.RegionCompiler;
import org.xenolith.jit.RegionFactory;
import org.xenolith.linux.LinuxException;
import org.xenolith.memory.GuestMemory;
import org.xenolith.x86.Mode;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;

/// Compiles regions at hot blocks, on a thread of its own, and puts them into use. May be called by
/// several vCPUs at a time.
final class Regions implements AutoCloseable {
    /// Requests that wait at most; a block that finds no room asks again later.
    private static final int REQUESTS_MAX = 1024;

    /// The same of all, those that are for later runs included, which are given up then.
    private static final int LATER_MAX = 1 << 16;

    /// Regions of bytecode in use at most. One is about 20 KiB of the JVM's memory, machine code
    /// included.
    static final int REGIONS_MAX = 2000;

    /// How often code of one frame may be compiled to bytecode again because it was written, and
    /// how often to machine code: a kernel patches a page of its own at many places when it starts.
    private static final int REWRITES_MAX = 16;

    private static final int MACHINE_REWRITES_MAX = 1000;

    static final int MACHINE_CODE_BYTES = 96 << 20;

    /// How often a block is executed before it gets machine code, which is made in a moment.
    private static final int WARM_AFTER = 50;

    /// How often a block is executed before it gets bytecode, where there is no machine code.
    private static final int HOT_AFTER = 8000;

    /// Instructions that a region must execute at a time: one of machine code some, one of bytecode
    /// enough to pay for its entry and exit, which cost more where others go on by themselves.
    static final int WARM_WORTH = 1;

    private static final int HOT_WORTH = 600;
    private static final int ALONE_WORTH = 4;

    private static final int HOT_INSTRUCTIONS_MAX = 100;
    private static final int WARM_INSTRUCTIONS_MAX = 40;
    private static final int INSTRUCTIONS_MIN = 12;
    private static final long STOP_MILLIS = 1000;

    /// What the thread is to do, the most urgent first.
    private enum Purpose {
        WARM,
        HOT,
        /// Not for this run: to be kept for later ones.
        LATER
    }

    private record Request(Block entry, Purpose purpose, ToIntFunction<Block> weights) {
        private RegionRequest.Level level() {
            return purpose == Purpose.HOT ? RegionRequest.Level.HOT : RegionRequest.Level.WARM;
        }
    }

    private record Result(RegionRequest request, CompiledRegion code, Map<Long, Long> lines) {}

    private final GuestMemory memory;
    private final CodeCache cache;
    private final RegionCompiler warmCompiler;
    private final RegionCompiler hotCompiler;

    /// Held while code is compiled or thrown away.
    private final Object compiling = new Object();

    private final Runnable ready;
    private final IntSupplier vcpus;
    private final BlockingQueue<Request> requests =
            new PriorityBlockingQueue<>(REQUESTS_MAX, Comparator.comparing(Request::purpose));

    /// How many of the requests are for this run.
    private final AtomicInteger waiting = new AtomicInteger();

    private final ConcurrentLinkedQueue<Result> results = new ConcurrentLinkedQueue<>();
    private final Optional<StoredCode> stored;

    /// Regions put into use at one more address.
    private final AtomicInteger foundAgain = new AtomicInteger();

    private final short[] rewrites;
    private final int rewritesMax;
    private final boolean isHostTime;
    private final int machineCodeBytes;

    /// What compiled regions want added to places in memory: where that begins, if they are not
    /// checked, else 0.
    private final long base;

    /// Regions of bytecode put into use since all were dropped.
    private int bytecodeRegions;

    private Thread thread;
    private volatile Throwable failure;

    /// @param isHostTime whether the vCPUs' clock is the host's
    /// @param machineCodeBytes room for machine code, a multiple of the page size
    /// @param ready called on the compiler's thread when [#install] has something to do
    Regions(
            GuestMemory memory,
            CodeCache cache,
            SoftEngine.Backend backend,
            boolean isHostTime,
            Optional<Path> codeStore,
            int machineCodeBytes,
            IntSupplier vcpus,
            Runnable ready) {
        this.isHostTime = isHostTime;
        this.machineCodeBytes = machineCodeBytes;
        this.vcpus = vcpus;
        this.memory = memory;
        this.cache = cache;
        this.ready = ready;
        boolean isChecked = backend == SoftEngine.Backend.BYTECODE || !memory.segment().isNative();
        var machine = isChecked ? Optional.<RegionCompiler>empty() : machineCode();
        boolean hasUnchecked = !isChecked && backend == SoftEngine.Backend.BOTH;
        hotCompiler = hasUnchecked ? uncheckedBytecode() : machine.orElseGet(this::bytecode);
        warmCompiler = machine.orElse(hotCompiler);
        base = hasUnchecked || machine.isPresent() ? memory.segment().address() : 0;
        Bug.check(base % Sizes.PAGE_BYTES == 0, "what is aligned in memory has an aligned address");
        stored = codeStore.flatMap(this::open);
        rewrites = new short[memory.frameCount()];
        rewritesMax = warmCompiler instanceof RegionFactory ? REWRITES_MAX : MACHINE_REWRITES_MAX;
    }

    private Optional<StoredCode> open(Path codeStore) {
        if (!(warmCompiler instanceof MachineCodeCompiler machine)) {
            return Optional.empty();
        }
        try {
            var store = CodeStore.open(codeStore, machine.hostFeatures());
            return Optional.of(new StoredCode(memory, cache, store, machine, vcpus));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private RegionCompiler bytecode() {
        var access = MemoryAccess.within(HostAccess.class, MemorySegment.class, memory.segment());
        return new RegionFactory(MethodHandles.lookup(), access);
    }

    private static RegionCompiler uncheckedBytecode() {
        var access = MemoryAccess.byAddress(RawAccess.class);
        return new RegionFactory(MethodHandles.lookup(), access);
    }

    /// Nothing where the host is not one for it.
    private Optional<RegionCompiler> machineCode() {
        try {
            return Optional.of(new MachineCodeCompiler(isHostTime, machineCodeBytes));
        } catch (LinuxException refused) {
            return Optional.empty();
        }
    }

    /// What compiled regions want added to places in memory.
    long base() {
        return base;
    }

    /// Whether a region may begin at this block at all.
    static boolean isEligible(Block block) {
        var mode = new Mode(block.mode);
        return (block.mode & Translator.SINGLE) == 0 && mode.is64() && !mode.stepping();
    }

    /// How often a block is executed before it counts as warm, if that is not said.
    int compileAfter() {
        return warmCompiler instanceof MachineCodeCompiler ? WARM_AFTER : HOT_AFTER;
    }

    /// Whether a unit, one instruction, can be part of a region.
    boolean canDo(Unit instruction) {
        return warmCompiler.canDo(instruction);
    }

    /// Whether what is hot gets better code than what is warm.
    boolean hasBetter() {
        return warmCompiler != hotCompiler;
    }

    /// Asks for a region at a block that is warm. False if it is to ask again later.
    boolean request(Block block) {
        return request(new Request(block, usualPurpose(), Block::weight));
    }

    private Purpose usualPurpose() {
        return warmCompiler instanceof MachineCodeCompiler ? Purpose.WARM : Purpose.HOT;
    }

    /// A block has been translated, which need not be done in later runs.
    void translated(Block block) {
        if (stored.isPresent() && isEligible(block) && stored.get().wants(block)) {
            startThread();
            if (requests.size() < LATER_MAX) {
                requests.add(new Request(block, Purpose.LATER, Block::weight));
            }
        }
    }

    /// Asks for a better region at a block that is hot.
    void requestBetter(Profile profile) {
        var entry = profile.entry();
        if (hasBetter() && entry.valid && !entry.unfitForHot && !entry.isBest()) {
            request(new Request(entry, Purpose.HOT, profile::count));
        }
    }

    private boolean request(Request request) {
        if (rewrites[request.entry.firstFrame()] >= rewritesMax) {
            return true;
        }
        startThread();
        return waiting.get() < REQUESTS_MAX && add(request);
    }

    private boolean add(Request request) {
        waiting.incrementAndGet();
        return requests.add(request);
    }

    private synchronized void startThread() {
        if (thread == null) {
            thread = Thread.ofPlatform().name("compiler").daemon().unstarted(this::compileAll);
            thread.setPriority(Thread.MIN_PRIORITY);
            thread.start();
        }
    }

    private RegionRequest gather(Request request) {
        var level = request.level();
        return RegionRequest.gather(
                request.entry, level, request.weights, memory, instructionsMax(level));
    }

    private static int instructionsMax(RegionRequest.Level level) {
        return switch (level) {
            case WARM -> WARM_INSTRUCTIONS_MAX;
            case HOT -> HOT_INSTRUCTIONS_MAX;
        };
    }

    /// Compiles and puts into use at once.
    void compileNow(Block block, SoftCpu cpu) {
        compile(gather(new Request(block, usualPurpose(), Block::weight)))
                .ifPresent(result -> install(result, cpu));
    }

    private void compileAll() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                serve(requests.take());
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error thrown) {
            failure = thrown;
            ready.run();
        }
    }

    private void serve(Request request) {
        if (request.purpose == Purpose.LATER) {
            stored.orElseThrow().keepForLater(request.entry);
            return;
        }
        waiting.decrementAndGet();
        if (request.purpose == Purpose.WARM && request.entry.runs() == 0) {
            return; // part of another region meanwhile
        }
        compile(gather(request))
                .ifPresent(result -> {
                    results.add(result);
                    ready.run();
                });
    }

    /// Smaller until the code is short enough.
    private Optional<Result> compile(RegionRequest request) {
        if (request.members().isEmpty()) {
            return Optional.empty(); // its code has been written meanwhile
        }
        synchronized (compiling) {
            return compile(request, compiler(request.level()));
        }
    }

    private RegionCompiler compiler(RegionRequest.Level level) {
        return switch (level) {
            case WARM -> warmCompiler;
            case HOT -> hotCompiler;
        };
    }

    private Optional<Result> compile(RegionRequest request, RegionCompiler compiler) {
        for (int most = instructionsMax(request.level());
                most >= INSTRUCTIONS_MIN;
                most = most * 2 / 3) {
            var part = request.limited(most);
            var built = RegionBuilder.build(part, compiler);
            if (built.isEmpty()) {
                return Optional.empty();
            }
            if (hasBetter() && compiler == hotCompiler && built.get().region().isForTheHost()) {
                request.entry().unfitForHot = true;
                return Optional.empty();
            }
            var code = compiler.compile(built.get().region());
            if (code.isPresent()) {
                if (stored.isPresent() && code.get() instanceof MachineRegion made) {
                    stored.get().keep(part.entry(), built.get().parts(), made.image());
                }
                return Optional.of(new Result(part, code.get(), built.get().lines()));
            }
        }
        return Optional.empty();
    }

    /// A block at `pc` with a region that has been made for another address, or in an earlier run,
    /// if there is one. Nothing also if it is to be asked for once more, since others have changed
    /// something.
    ///
    /// @param host the byte of memory at `pc`
    Optional<Block> revive(long pc, int mode, long host, SoftCpu cpu, IntConsumer watch) {
        if (StoredRegion.isRelative(pc)) {
            var sibling = cache.findSibling(host, pc, mode, cpu, vcpus.getAsInt());
            if (sibling != null) {
                foundAgain.incrementAndGet();
                return Optional.of(sibling);
            }
        }
        return stored.flatMap(code -> code.revive(pc, mode, host, cpu, watch));
    }

    /// Puts into use what has been compiled since the last call. By the vCPU whose processor it is.
    void install(SoftCpu cpu) {
        if (failure != null) {
            throw new Bug("the compiler fails", failure);
        }
        Result result;
        while ((result = results.poll()) != null) {
            install(result, cpu);
        }
        if (warmCompiler.isFull()) {
            cpu.alone(this::evict);
        }
    }

    /// Takes all regions out of use and frees what they need. Blocks go too: what is kept of them
    /// is found again. By a vCPU that is alone.
    private void evict() {
        cache.clear();
        results.clear();
        bytecodeRegions = 0;
        synchronized (compiling) {
            warmCompiler.reset();
            hotCompiler.reset();
        }
    }

    private boolean isFull(Result result) {
        boolean bytecode = compiler(result.request.level()) instanceof RegionFactory;
        if (bytecode) {
            bytecodeRegions++;
        }
        return bytecodeRegions > REGIONS_MAX;
    }

    private void install(Result result, SoftCpu cpu) {
        if (isGone(result)) {
            result.request.entry().cool();
            return;
        }
        if (isFull(result)) {
            cpu.alone(this::evict);
            return;
        }
        result.request.members().values().forEach(Block::cool);
        var level = result.request.level();
        var members =
                result.request.members().keySet().stream()
                        .mapToLong(pc -> pc - result.request.entry().pc)
                        .toArray();
        var region =
                new LiveRegion(
                        result.request.entry(),
                        members,
                        level,
                        result.code,
                        pages(result),
                        worth(level),
                        vcpus.getAsInt());
        cache.add(region, () -> !isChanged(result));
    }

    /// Whether all code has been thrown away between the making of this and now. By a vCPU: while
    /// it is not standing still nothing is thrown away.
    private static boolean isGone(Result result) {
        return result.code instanceof MachineRegion made && made.isGone();
    }

    private int worth(RegionRequest.Level level) {
        return switch (level) {
            case WARM -> WARM_WORTH;
            case HOT -> hasBetter() ? HOT_WORTH : ALONE_WORTH;
        };
    }

    private static LiveRegion.Page[] pages(Result result) {
        var pages = result.request.pages();
        return LiveRegion.pages(
                result.request.entry().pc, result.lines, page -> pages.get(page).frame());
    }

    /// Whether the code is no longer what the region has been made from.
    private boolean isChanged(Result result) {
        return result.lines.entrySet().stream()
                .anyMatch(entry -> {
                    var page = result.request.pages().get(entry.getKey());
                    return !memory.isWatched(page.frame()) || isChanged(page, entry.getValue());
                });
    }

    private boolean isChanged(RegionRequest.Page page, long lines) {
        var now = memory.segment().asSlice((long) page.frame() << 12, 4096);
        var then = MemorySegment.ofArray(page.bytes());
        for (long left = lines; left != 0; left &= left - 1) {
            long at = (long) Long.numberOfTrailingZeros(left) << CodeCache.LINE_SHIFT;
            long end = at + CodeCache.LINE_BYTES;
            if (MemorySegment.mismatch(now, at, end, then, at, end) >= 0) {
                return true;
            }
        }
        return false;
    }

    /// Code of a frame that was compiled has been written.
    void rewritten(int frame) {
        rewrites[frame] = (short) Math.min(rewrites[frame] + 1, rewritesMax);
    }

    /// Whether one vCPU alone executes regions.
    boolean serveOneVcpu() {
        return vcpus.getAsInt() == 1;
    }

    int directLinks() {
        return warmCompiler instanceof MachineCodeCompiler machineCode
                ? machineCode.directLinks()
                : 0;
    }

    /// Regions of machine code do not jump straight to each other any more. By a vCPU that is
    /// alone.
    void endLinks() {
        if (warmCompiler instanceof MachineCodeCompiler machineCode) {
            machineCode.endLinks();
        }
    }

    /// How many regions have been compiled so far.
    int compiled() {
        int hot = hotCompiler == warmCompiler ? 0 : hotCompiler.compiledRegions();
        return warmCompiler.compiledRegions() + hot;
    }

    /// How many regions have been put into use at one more address.
    int foundAgain() {
        return foundAgain.get();
    }

    /// How many regions of earlier runs have been put into use.
    int revived() {
        return stored.map(StoredCode::revived).orElse(0);
    }

    @Override
    public void close() {
        if (thread != null) {
            thread.interrupt();
            try {
                thread.join(STOP_MILLIS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        stored.ifPresent(StoredCode::close);
        synchronized (compiling) { // the thread may not have stopped in time
            warmCompiler.close();
            hotCompiler.close();
        }
    }
}
