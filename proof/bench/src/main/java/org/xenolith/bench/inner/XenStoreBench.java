package org.xenolith.bench.inner;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.xenolith.xenstore.XenStore;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The xenstore with the nodes of some domains in it.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class XenStoreBench {
    private static final int NODES = 20;
    private static final String WATCHED = "/local/domain/1/device/vbd/3/state";

    @Param({"10", "1000"})
    private int domains;

    private final XenStore store = new XenStore();
    private int state;
    private int told;

    @Setup
    public void fill() {
        for (int domain = 1; domain <= domains; domain++) {
            for (int node = 0; node < NODES; node++) {
                store.write("/local/domain/%d/device/vbd/%d/state".formatted(domain, node), "1");
            }
        }
        store.watch(WATCHED, _ -> told++);
    }

    @Benchmark
    public Optional<String> read() {
        return store.read("/local/domain/7/device/vbd/11/state");
    }

    @Benchmark
    public void write() {
        store.write("/local/domain/7/device/vbd/11/state", (state ^= 1) == 0 ? "4" : "5");
    }

    @Benchmark
    public int writeThatIsWatched() {
        store.write(WATCHED, (state ^= 1) == 0 ? "4" : "5");
        return told;
    }

    @Benchmark
    public List<String> list() {
        return store.list("/local/domain/7/device/vbd");
    }
}
