package org.xenolith.board;

/// How much memory a guest has; bytes are counted in whole pages, rounded down. Its balloon driver
/// takes what it gives back from its own users, and the host has it from then on. May be used from
/// any thread; refusals are [DomainException]s, and leave everything as it was.
public interface Balloon {
    MemoryInfo info();

    /// Asks the guest to make do with `bytes`, and lets it have no more. Does not wait.
    void setTarget(long bytes) throws DomainException, InterruptedException;

    /// Sets what [#setTarget] may ask for: not less than the target now, nor more than the domain
    /// was started with.
    void setMax(long bytes) throws DomainException, InterruptedException;
}
