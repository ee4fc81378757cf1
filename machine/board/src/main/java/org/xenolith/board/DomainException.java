package org.xenolith.board;

/// The host could not do what was asked: a file cannot be read, memory is short, an image is
/// damaged. The message is one line that names the object and the reason.
public final class DomainException extends Exception {
    private static final long serialVersionUID = 1L;

    public DomainException(String message) {
        super(message);
    }

    public DomainException(String message, Throwable cause) {
        super(message, cause);
    }

    static void require(boolean holds, String message) throws DomainException {
        if (!holds) {
            throw new DomainException(message);
        }
    }
}
