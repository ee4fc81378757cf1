package org.xenolith.board;

import org.xenolith.xenstore.DomainDirectory;

import java.util.List;

/// Plugs vCPUs by `cpu/N/availability` in xenstore, as libxl does.
final class BoardProcessors implements Processors {
    private final List<VcpuSlot> slots;
    private final DomainDirectory directory;
    private final Driver driver;

    BoardProcessors(List<VcpuSlot> slots, DomainDirectory directory, Driver driver) {
        this.slots = List.copyOf(slots);
        this.directory = directory;
        this.driver = driver;
    }

    @Override
    public List<VcpuInfo> list() {
        return slots.stream().map(VcpuSlot::info).toList();
    }

    @Override
    public void setOnline(int count) throws DomainException {
        DomainException.require(count > 0, "requested 0 vCPUs; a domain has at least one");
        DomainException.require(
                count <= slots.size(),
                "requested %d vCPUs, however maxvcpus is %d".formatted(count, slots.size()));
        driver.request(
                        () -> {
                            for (int vcpu = 0; vcpu < slots.size(); vcpu++) {
                                directory.setVcpuOnline(vcpu, vcpu < count);
                            }
                        })
                .join();
    }
}
