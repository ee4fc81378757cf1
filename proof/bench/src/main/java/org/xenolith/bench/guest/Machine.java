package org.xenolith.bench.guest;

import java.util.Locale;

/// The kinds of guests that rows need, in the order in which they are run.
public enum Machine {
    ONE_VCPU(1),
    WITH_DISK(1),
    WITH_NETWORK(1),
    TWO_VCPUS(2),
    WHOLE_SYSTEM(1);

    private final int vcpus;

    Machine(int vcpus) {
        this.vcpus = vcpus;
    }

    int vcpus() {
        return vcpus;
    }

    /// Whether the guest has something that not every hypervisor has a driver for in the kit.
    public boolean hasDevices() {
        return this == WITH_DISK || this == WITH_NETWORK;
    }

    /// For messages and file names.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
