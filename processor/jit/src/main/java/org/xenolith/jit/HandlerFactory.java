package org.xenolith.jit;

import java.lang.invoke.MethodHandles;
import java.util.Objects;
import org.xenolith.ir.Code;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Unit;

/// Makes the code that executes units.
public final class HandlerFactory {
    /// @param host a full-privilege lookup in whose class's package handlers are linked: it must see
    ///     the classes of every helper
    public HandlerFactory(MethodHandles.Lookup host) {
        Objects.requireNonNull(host);
    }

    /// Code that does what the unit says, now or when it is worth it as bytecode.
    public Code handler(Unit unit) {
        return new Evaluator(unit);
    }
}
