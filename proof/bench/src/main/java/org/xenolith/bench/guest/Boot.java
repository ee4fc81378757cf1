package org.xenolith.bench.guest;

/// Times since the command was started: when the guest's first program ran, and when the shell had
/// its prompt.
public record Boot(long initNanos, long shellNanos) {}
