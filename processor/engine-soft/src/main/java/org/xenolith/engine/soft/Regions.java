package org.xenolith.engine.soft;

import org.xenolith.base.Bug;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.jit.MemoryAccess;
import org.xenolith.jit.RegionFactory;
import org.xenolith.memory.GuestMemory;
import org.xenolith.x86.Mode;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Compiles regions at hot blocks, on a thread of its own, and puts them into use. All methods but
/// the thread's belong to whoever runs the vCPU.
final class Regions implements AutoCloseable {
    /// Requests that wait at most; a block that finds no room asks again later.
    static final int REQUESTS_MAX = 64;

    /// Regions in use at most. One is about 20 KiB of the JVM's memory, machine code included.
    static final int REGIONS_MAX = 2000;

    /// How often code of one frame may be compiled again because it was written.
    private static final int REWRITES_MAX = 16;

    private static final int INSTRUCTIONS_MAX = 200;
    private static final int INSTRUCTIONS_MIN = 12;
    private static final long STOP_MILLIS = 1000;

    /// The page is as it was when the request was made.
    private record Request(Block block, byte[] page) {}

    private record Result(Request request, CompiledRegion code, long lines) {}

    private final GuestMemory memory;
    private final CodeCache cache;
    private final RegionFactory factory;
    private final Runnable ready;
    private final BlockingQueue<Request> requests = new ArrayBlockingQueue<>(REQUESTS_MAX);
    private final ConcurrentLinkedQueue<Result> results = new ConcurrentLinkedQueue<>();
    private final byte[] rewrites;
    private Thread thread;
    private volatile Throwable failure;

    /// @param ready called on the compiler's thread when [#install] has something to do
    Regions(GuestMemory memory, CodeCache cache, Runnable ready) {
        this.memory = memory;
        this.cache = cache;
        this.ready = ready;
        var access = new MemoryAccess(HostAccess.class, MemorySegment.class, memory.segment());
        factory = new RegionFactory(MethodHandles.lookup(), access);
        rewrites = new byte[memory.frameCount()];
    }

    /// Whether a region may begin at this block at all.
    static boolean isEligible(Block block) {
        var mode = new Mode(block.mode);
        return (block.mode & Translator.SINGLE) == 0 && mode.is64() && !mode.stepping();
    }

    /// Asks for a region at a block. False if it is to ask again later.
    boolean request(Block block) {
        if (rewrites[block.firstFrame()] >= REWRITES_MAX) {
            return true;
        }
        startThread();
        return requests.remainingCapacity() > 0 && requests.offer(snapshot(block));
    }

    private synchronized void startThread() {
        if (thread == null) {
            thread = Thread.ofPlatform().name("compiler").daemon().unstarted(this::compileAll);
            thread.setPriority(Thread.MIN_PRIORITY);
            thread.start();
        }
    }

    private Request snapshot(Block block) {
        var page = new byte[4096];
        long host = block.host & -4096L;
        MemorySegment.copy(memory.segment(), ValueLayout.JAVA_BYTE, host, page, 0, page.length);
        return new Request(block, page);
    }

    /// Compiles and puts into use at once.
    synchronized void compileNow(Block block) {
        compile(snapshot(block)).ifPresent(this::install);
    }

    private void compileAll() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                var result = compile(requests.take());
                if (result.isPresent()) {
                    results.add(result.get());
                    ready.run();
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error thrown) {
            failure = thrown;
            ready.run();
        }
    }

    /// Smaller until the code is short enough.
    private Optional<Result> compile(Request request) {
        var block = request.block;
        var mode = new Mode(block.mode);
        for (int most = INSTRUCTIONS_MAX; most >= INSTRUCTIONS_MIN; most /= 2) {
            var built = RegionBuilder.build(request.page, block.pc, mode, most);
            if (built.isEmpty()) {
                return Optional.empty();
            }
            var code = factory.compile(built.get().region());
            if (code.isPresent()) {
                return Optional.of(new Result(request, code.get(), built.get().lines()));
            }
        }
        return Optional.empty();
    }

    /// Puts into use what has been compiled since the last call.
    void install() {
        if (failure != null) {
            throw new Bug("the compiler fails", failure);
        }
        Result result;
        while ((result = results.poll()) != null) {
            install(result);
        }
    }

    private void install(Result result) {
        var block = result.request.block;
        if (cache.regionCount() >= REGIONS_MAX) {
            cache.dropRegions();
        }
        cache.add(new LiveRegion(block, result.code, result.lines), () -> !isChanged(result));
    }

    /// Whether the page is no longer what the code has been made from.
    private boolean isChanged(Result result) {
        long host = result.request.block.host & -4096L;
        var now = memory.segment().asSlice(host, 4096);
        var then = MemorySegment.ofArray(result.request.page);
        for (long lines = result.lines; lines != 0; lines &= lines - 1) {
            long at = (long) Long.numberOfTrailingZeros(lines) << CodeCache.LINE_SHIFT;
            long end = at + CodeCache.LINE_BYTES;
            if (MemorySegment.mismatch(now, at, end, then, at, end) >= 0) {
                return true;
            }
        }
        return false;
    }

    /// Code of a frame that was compiled has been written.
    void rewritten(int frame) {
        rewrites[frame] = (byte) Math.min(rewrites[frame] + 1, REWRITES_MAX);
    }

    /// How many regions have been compiled so far.
    int compiled() {
        return factory.compiledRegions();
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
    }
}
