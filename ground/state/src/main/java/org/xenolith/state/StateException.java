package org.xenolith.state;

/// A state that cannot be: refused by the constructor of its record or by the device asked to
/// restore it.
public final class StateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StateException(String message) {
        super(message);
    }

    public StateException(String message, Throwable cause) {
        super(message, cause);
    }

    /// For the constructors of state records: `holds`, or this state is refused.
    public static void require(boolean holds, String rule) {
        if (!holds) {
            throw new StateException(rule);
        }
    }
}
