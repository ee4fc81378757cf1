package org.xenolith.jit;

import org.xenolith.ir.Code;

/// What compiled classes extend: code for one shape, with its parameters.
public abstract class Handler extends Code {
    /// The same code with other parameters.
    protected abstract Handler bind(long[] parameters);
}
