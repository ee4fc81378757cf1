package org.xenolith.ir;

/// The instruction under way cannot be completed now and has changed nothing. Carries no stack
/// trace; thrown often.
public abstract class Abort extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final Abort RESTART = new Restart();

    protected Abort(String message) {
        super(message, null, false, false);
    }

    /// Begin the same instruction again.
    public static Abort restart() {
        return RESTART;
    }

    private static final class Restart extends Abort {
        private static final long serialVersionUID = 1L;

        Restart() {
            super("restart");
        }
    }
}
