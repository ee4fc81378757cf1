package org.xenolith.filesystem;

/// A disk cannot be read as was asked. The message is a reason in the operator's words, without the
/// name of the disk.
public abstract sealed class DiskException extends Exception {
    private static final long serialVersionUID = 1L;

    private DiskException(String message, Throwable cause) {
        super(message, cause);
    }

    /// What is on the disk is not what its format demands: truncated, corrupt or made to do harm.
    public static final class Damaged extends DiskException {
        private static final long serialVersionUID = 1L;

        public Damaged(String message) {
            super(message, null);
        }
    }

    /// It may be sound, but needs something that is not done here.
    public static final class Unsupported extends DiskException {
        private static final long serialVersionUID = 1L;

        public Unsupported(String message) {
            super(message, null);
        }
    }

    /// There is no such file, or it is of another kind or larger than the caller takes.
    public static final class Refused extends DiskException {
        private static final long serialVersionUID = 1L;

        public Refused(String message) {
            super(message, null);
        }
    }

    /// The host could not read the disk, or write what was read from it.
    public static final class HostFailed extends DiskException {
        private static final long serialVersionUID = 1L;

        public HostFailed(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
