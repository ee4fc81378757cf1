package org.xenolith.xen;

/// What a hypercall came to. `value` goes to RAX: 64 bits for a caller in 64-bit mode, else already
/// cut to 32 bits and zero-extended.
public sealed interface HypercallResult {
    long value();

    /// Go on.
    record Value(long value) implements HypercallResult {}

    /// Go on, after others had their turn.
    record Yield(long value) implements HypercallResult {}

    /// Sleep until an interrupt or event can be delivered, or [DomainHost#wake] names this vCPU;
    /// whichever came first may already have come. Then call [Domain#vcpuWoke], and go on.
    record Block(long value) implements HypercallResult {}

    /// This vCPU is down: it does not run again before [DomainHost#vcpuUp], or INIT and SIPI.
    record Down(long value) implements HypercallResult {}

    /// The domain has shut down; [DomainHost#shutdown] has been told the reason. No vCPU of it runs
    /// on, unless a suspended domain is resumed, when the value counts.
    record Stop(long value) implements HypercallResult {}
}
