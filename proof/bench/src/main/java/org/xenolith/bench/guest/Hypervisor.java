package org.xenolith.bench.guest;

import java.io.IOException;

/// What can start the guest.
public interface Hypervisor {
    String name();

    /// Starts a guest with so many vCPUs and waits for its shell.
    Guest start(int vcpus) throws IOException, InterruptedException;
}
