package org.xenolith.ir;

/// Something that does what one [Unit] says. Immutable as far as its callers can tell, so several
/// processors may execute the same one at a time.
public abstract class Code {
    /// Executes the unit. If the unit ends its block, the context's `pc` is afterwards where
    /// execution goes on; otherwise it is left alone.
    ///
    /// @throws Abort when an instruction cannot be completed; that instruction has changed nothing
    public abstract void execute(Context context);
}
