package org.xenolith.engine.soft;

import org.xenolith.engine.Exit;
import org.xenolith.ir.Abort;

/// The instruction under way needs an answer from outside before it can be completed. It is begun
/// again once the answer is there.
final class ExitRequest extends Abort {
    private static final long serialVersionUID = 1L;

    private final transient Exit exit;

    ExitRequest(Exit exit) {
        super("exit");
        this.exit = exit;
    }

    Exit exit() {
        return exit;
    }
}
