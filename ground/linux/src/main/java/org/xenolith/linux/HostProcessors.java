package org.xenolith.linux;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;

/// The processors of the host, numbered from 0.
public final class HostProcessors {
    /// As many as Linux can be built for on x86-64 (`NR_CPUS`).
    public static final int PROCESSORS_MAX = 8192;

    private HostProcessors() {}

    /// Lets the calling thread run on these processors alone; those that the host does not have are
    /// passed over. Refused by the host if none is left.
    public static void restrictCurrentThread(Collection<Integer> processors) throws LinuxException {
        if (!SharedMemory.isSupported()) {
            throw new LinuxException("sched_setaffinity", 0);
        }
        var mask = new BitSet(PROCESSORS_MAX);
        processors.forEach(mask::set);
        Libc.schedSetaffinity(Arrays.copyOf(mask.toByteArray(), PROCESSORS_MAX / Byte.SIZE));
    }
}
