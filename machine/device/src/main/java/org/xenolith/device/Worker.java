package org.xenolith.device;

/// Work of a back end that is done step by step, away from the threads that ask for it. Made by
/// [Workers]. May be used from any thread.
public interface Worker extends AutoCloseable {
    /// There is something to do: the step runs soon, at least once after this call. Never waits.
    void wake();

    /// Returns when the step does not run and will not run again. Not from within the step.
    @Override
    void close();
}
