package org.xenolith.bench.table;

import java.util.Locale;

/// Rows that belong together.
public enum Group {
    /// From the start of the command to what the guest says first.
    BOOT(1),
    /// What a processor computes; they have a geometric mean.
    KERNELS(1),
    /// As KERNELS, without a floor and outside the mean.
    EXTRA(1),
    /// What a process asks of its kernel.
    SYSTEM(1),
    /// The same work on one vCPU and on two.
    SCALING(2);

    private final int vcpus;

    Group(int vcpus) {
        this.vcpus = vcpus;
    }

    /// How many the guest has for these rows.
    public int vcpus() {
        return vcpus;
    }

    /// The word on the command line.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
