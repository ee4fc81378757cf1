package org.xenolith.images;

/// An image cannot be used as was asked. The message is one line in the operator's words; where a
/// file is to blame it begins with the file's name.
public abstract sealed class ImageException extends Exception {
    private static final long serialVersionUID = 1L;

    private ImageException(String message, Throwable cause) {
        super(message, cause);
    }

    /// The file is not what its format demands: truncated, corrupt or made to do harm.
    public static final class Damaged extends ImageException {
        private static final long serialVersionUID = 1L;

        public Damaged(String message) {
            super(message, null);
        }

        public Damaged(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /// The file may be sound, but needs something that is not done here.
    public static final class Unsupported extends ImageException {
        private static final long serialVersionUID = 1L;

        public Unsupported(String message) {
            super(message, null);
        }
    }

    /// The request is wrong in itself: out of range, a change of a read-only or closed image, a
    /// name that is taken.
    public static final class Refused extends ImageException {
        private static final long serialVersionUID = 1L;

        public Refused(String message) {
            super(message, null);
        }
    }

    /// Someone else uses the file in a way that does not go together with this one.
    public static final class Busy extends ImageException {
        private static final long serialVersionUID = 1L;

        public Busy(String message) {
            super(message, null);
        }
    }

    /// The host could not read, write or make the file; its disk may be full.
    public static final class HostFailed extends ImageException {
        private static final long serialVersionUID = 1L;

        public HostFailed(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
