package org.xenolith.board;

import java.util.ArrayList;
import java.util.List;

/// What can be asked of a machine without a processor: it remembers.
final class FakeControls implements Balloon, Processors, Panel {
    final List<String> asked = new ArrayList<>();
    private final DomainConfig config;
    private MemoryInfo memory;

    FakeControls(DomainConfig config) {
        this.config = config;
        this.memory =
                new MemoryInfo(config.memoryBytes(), config.memoryBytes(), config.maxMemoryBytes());
    }

    @Override
    public MemoryInfo info() {
        return memory;
    }

    @Override
    public void setTarget(long bytes) throws DomainException {
        DomainException.require(bytes <= memory.max(), "too much");
        memory = new MemoryInfo(bytes, bytes, memory.max());
    }

    @Override
    public void setMax(long bytes) {
        memory = new MemoryInfo(memory.current(), memory.target(), bytes);
    }

    @Override
    public List<VcpuInfo> list() {
        return List.of(new VcpuInfo(0, true, true, false, 0, 0, Affinity.ALL));
    }

    @Override
    public void setOnline(int count) throws DomainException {
        DomainException.require(count <= config.maxVcpus(), "too many");
        asked.add("vcpus " + count);
    }

    @Override
    public void pin(int vcpu, Affinity affinity) {
        asked.add("pin " + vcpu + " " + affinity.hard());
    }

    @Override
    public void pressSysrq(char key) {
        asked.add("sysrq " + key);
    }

    @Override
    public void trigger(Trigger trigger, int vcpu) {
        asked.add(trigger.word() + " " + vcpu);
    }

    @Override
    public void pressDebugKey(char key) {
        asked.add("debug key " + key);
    }
}
