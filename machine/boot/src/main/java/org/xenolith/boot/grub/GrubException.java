package org.xenolith.boot.grub;

/// A boot loader's configuration cannot be followed. The message is a reason, without the name of
/// the file.
public final class GrubException extends Exception {
    private static final long serialVersionUID = 1L;

    GrubException(String message) {
        super(message);
    }
}
