package org.xenolith.bench.guest;

import java.io.IOException;

/// What can start the guest.
public interface Hypervisor {
    String name();

    /// Starts a guest, waits for its shell, and has it find its devices.
    Guest start(Machine machine) throws IOException, InterruptedException;
}
