package org.xenolith.xl.control;

import org.xenolith.board.Affinity;
import org.xenolith.board.Balloon;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.MemoryInfo;
import org.xenolith.board.Panel;
import org.xenolith.board.Processors;
import org.xenolith.board.Trigger;
import org.xenolith.board.VcpuInfo;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// A guest that obeys at once, and says on its console what was asked of it.
final class FakeControls implements Balloon, Processors, Panel {
    private final Consumer<String> console;
    private final int vcpus;
    private final Map<Integer, Affinity> affinities = new ConcurrentHashMap<>();
    private volatile MemoryInfo memory;
    private volatile int online;

    FakeControls(DomainConfig config, Consumer<String> console) {
        this.console = console;
        this.vcpus = config.maxVcpus();
        this.online = config.vcpus();
        this.memory =
                new MemoryInfo(config.memoryBytes(), config.memoryBytes(), config.maxMemoryBytes());
    }

    @Override
    public MemoryInfo info() {
        return memory;
    }

    @Override
    public void setTarget(long bytes) throws DomainException {
        if (bytes > memory.max()) {
            throw new DomainException("the target is above the maximum");
        }
        memory = new MemoryInfo(bytes, bytes, memory.max());
    }

    @Override
    public void setMax(long bytes) {
        memory = new MemoryInfo(memory.current(), memory.target(), bytes);
    }

    @Override
    public List<VcpuInfo> list() {
        return IntStream.range(0, vcpus).mapToObj(id -> info(id)).toList();
    }

    private VcpuInfo info(int id) {
        boolean runs = id < online;
        var affinity = affinities.getOrDefault(id, Affinity.ALL);
        return new VcpuInfo(id, runs, runs, false, 1_500_000_000L, 7, affinity);
    }

    @Override
    public void pin(int vcpu, Affinity affinity) throws DomainException {
        if (vcpu >= vcpus) {
            throw new DomainException("there is no vCPU " + vcpu);
        }
        affinities.put(vcpu, affinity);
    }

    @Override
    public void setOnline(int count) throws DomainException {
        if (count > vcpus) {
            throw new DomainException("requested more vCPUs than there are");
        }
        online = count;
    }

    @Override
    public void pressSysrq(char key) {
        console.accept("sysrq " + key);
    }

    @Override
    public void trigger(Trigger trigger, int vcpu) {
        console.accept(trigger.word() + " at vCPU " + vcpu);
    }

    @Override
    public void pressDebugKey(char key) {
        console.accept("debug key " + key);
    }
}
