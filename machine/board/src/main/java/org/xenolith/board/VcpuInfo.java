package org.xenolith.board;

/// One vCPU as `xl vcpu-list` shows it. `runNanos` is the time that it has run.
public record VcpuInfo(int id, boolean online, boolean running, boolean blocked, long runNanos) {}
