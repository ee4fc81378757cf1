package org.xenolith.bench;

import org.xenolith.bench.guest.Guest;
import org.xenolith.bench.guest.Hypervisor;
import org.xenolith.bench.guest.Machine;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One guest on each hypervisor, started one after the other.
final class Guests implements AutoCloseable {
    private final List<Hypervisor> order;
    private final Machine machine;
    private final Map<Hypervisor, Guest> guests = new LinkedHashMap<>();

    private Guests(List<Hypervisor> order, Machine machine) {
        this.order = order;
        this.machine = machine;
    }

    static Guests start(List<Hypervisor> order, Machine machine)
            throws IOException, InterruptedException {
        var started = new Guests(order, machine);
        started.restart();
        return started;
    }

    /// Ends those that there are, and starts new ones.
    void restart() throws IOException, InterruptedException {
        close();
        try {
            for (var hypervisor : order) {
                guests.put(hypervisor, start(hypervisor));
            }
        } catch (IOException | InterruptedException e) {
            close();
            throw e;
        }
    }

    private Guest start(Hypervisor hypervisor) throws IOException, InterruptedException {
        try {
            return hypervisor.start(machine);
        } catch (IOException e) {
            throw new IOException(
                    "no guest %s on %s: %s".formatted(machine, hypervisor.name(), e.getMessage()),
                    e);
        }
    }

    Guest on(Hypervisor hypervisor) {
        return guests.get(hypervisor);
    }

    @Override
    public void close() {
        guests.values().forEach(Guest::close);
        guests.clear();
    }
}
