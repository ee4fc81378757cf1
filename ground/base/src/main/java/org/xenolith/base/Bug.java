package org.xenolith.base;

/// We are wrong: an invariant of our own code does not hold. Stops the machine; never caused by a
/// guest, a file, a peer or the host.
public final class Bug extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Bug(String message) {
        super(message);
    }

    public Bug(String message, Throwable cause) {
        super(message, cause);
    }

    /// Checks an invariant; the check stays on in production.
    public static void check(boolean holds, String invariant) {
        if (!holds) {
            throw new Bug(invariant);
        }
    }
}
