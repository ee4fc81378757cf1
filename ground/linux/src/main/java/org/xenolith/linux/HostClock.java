package org.xenolith.linux;

import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/// The C library's clock, for machine code that asks it without Java.
public final class HostClock {
    /// The clock whose nanoseconds [System#nanoTime] answers, as the first argument of
    /// [#clockGettime] (Linux, `time.h`).
    public static final int MONOTONIC = 1;

    private HostClock() {}

    /// The address of `int clock_gettime(clockid_t, struct timespec *)`, if it is there.
    public static OptionalLong clockGettime() {
        return Linker.nativeLinker()
                .defaultLookup()
                .find("clock_gettime")
                .map(MemorySegment::address)
                .map(OptionalLong::of)
                .orElse(OptionalLong.empty());
    }
}
