package org.xenolith.linux;

/// A call of the host's kernel was refused.
public final class LinuxException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;

    /// `call` is the system call's name, `errno` the number that it set.
    public LinuxException(String call, int errno) {
        super(call + " was refused: errno " + errno);
        this.call = call;
        this.errno = errno;
    }

    /// The system call, or the request of `ioctl`.
    public String call() {
        return call;
    }

    /// The host kernel's error number; 0 if the call is not there at all.
    public int errno() {
        return errno;
    }
}
