package org.xenolith.board;

/// A configuration that no domain can have. The message names the setting and its bounds.
public final class InvalidConfigException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public InvalidConfigException(String message) {
        super(message);
    }

    static void require(boolean holds, String message) {
        if (!holds) {
            throw new InvalidConfigException(message);
        }
    }
}
