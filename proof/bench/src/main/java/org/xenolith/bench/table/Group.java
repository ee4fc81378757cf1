package org.xenolith.bench.table;

import org.xenolith.bench.guest.Machine;

import java.util.Locale;

/// Rows that belong together.
public enum Group {
    /// From the start of the command to what the guest says first.
    BOOT(Machine.ONE_VCPU),
    /// What a processor computes; they have a geometric mean.
    KERNELS(Machine.ONE_VCPU),
    /// As KERNELS, without a floor and outside the mean.
    EXTRA(Machine.ONE_VCPU),
    /// What a process asks of its kernel.
    SYSTEM(Machine.ONE_VCPU),
    /// What goes between the guest and a file of the host.
    DISK(Machine.WITH_DISK),
    /// What goes between the guest and a program of the host.
    NETWORK(Machine.WITH_NETWORK),
    /// The same work on one vCPU and on two.
    SCALING(Machine.TWO_VCPUS),
    /// From the start of the command until a whole system asks who is there.
    LOGIN(Machine.WHOLE_SYSTEM);

    private final Machine machine;

    Group(Machine machine) {
        this.machine = machine;
    }

    /// The guest for these rows.
    public Machine machine() {
        return machine;
    }

    /// The word on the command line.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
