package org.xenolith.state.stream;

/// A stream that is not one, is damaged, ends too early, or says what cannot be. The message says
/// what is wrong with which record.
public final class StreamException extends Exception {
    private static final long serialVersionUID = 1L;

    public StreamException(String message) {
        super(message);
    }

    public StreamException(String message, Throwable cause) {
        super(message, cause);
    }

    static void require(boolean holds, String wrong) throws StreamException {
        if (!holds) {
            throw new StreamException(wrong);
        }
    }
}
