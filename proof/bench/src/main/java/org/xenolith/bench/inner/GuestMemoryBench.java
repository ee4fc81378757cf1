package org.xenolith.bench.inner;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.xenolith.memory.GuestMemory;

import java.util.concurrent.TimeUnit;

/// Guest memory as devices and Xen's services use it.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class GuestMemoryBench {
    private static final int BYTES = 64 << 20;
    private static final int PAGE = 4096;

    /// Larger than a page and odd, so that pages change and some accesses straddle two.
    private static final int STRIDE = 4099;

    private final GuestMemory memory = GuestMemory.withRam(BYTES, 0);
    private final byte[] page = new byte[PAGE];
    private int at;

    @TearDown
    public void close() {
        memory.close();
    }

    private int next() {
        at = (at + STRIDE) % (BYTES - PAGE);
        return at;
    }

    @Benchmark
    public long readLong() {
        return memory.readLong(next());
    }

    @Benchmark
    public void writeLong() {
        memory.writeLong(next(), at);
    }

    @Benchmark
    public boolean readPage() {
        return memory.read(next(), page, 0, PAGE);
    }

    @Benchmark
    public boolean writePage() {
        return memory.write(next(), page, 0, PAGE);
    }
}
