package org.xenolith.filesystem;

/// What the running thread has taken from the heap so far, in bytes. By reflection: the module
/// under test does not read java.management.
final class Allocated {
    private Allocated() {}

    static long bytes() throws ReflectiveOperationException {
        var threads =
                Class.forName("java.lang.management.ManagementFactory")
                        .getMethod("getThreadMXBean")
                        .invoke(null);
        return (Long)
                Class.forName("com.sun.management.ThreadMXBean")
                        .getMethod("getCurrentThreadAllocatedBytes")
                        .invoke(threads);
    }
}
