package org.xenolith.bench.guest;

/// Times since the command was started, and what the guest had done by then.
///
/// @param initNanos when the guest's first program ran; 0 if that does not say so
/// @param promptNanos when the shell had its prompt, or a whole system asked who is there
/// @param instructions of the guest until then; 0 if nobody counts
public record Boot(long initNanos, long promptNanos, long instructions) {}
