package org.xenolith.board;

/// One vCPU as `xl vcpu-list` shows it. `runNanos` is the time that it has run, `instructions` what
/// it has retired in that time: 0 where the engine does not count.
public record VcpuInfo(
        int id,
        boolean online,
        boolean running,
        boolean blocked,
        long runNanos,
        long instructions,
        Affinity affinity) {}
