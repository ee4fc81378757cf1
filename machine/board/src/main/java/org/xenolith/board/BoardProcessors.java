package org.xenolith.board;

import org.xenolith.linux.HostProcessors;
import org.xenolith.linux.LinuxException;
import org.xenolith.xenstore.DomainDirectory;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

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

    @Override
    public void pin(int vcpu, Affinity affinity) throws DomainException {
        DomainException.require(
                vcpu >= 0 && vcpu < slots.size(),
                "there is no vCPU %d; the domain has %d".formatted(vcpu, slots.size()));
        DomainException.require(
                driver instanceof ParallelDriver,
                "the vCPUs of a deterministic domain share one thread");
        for (int processor : affinity.hard()) {
            DomainException.require(
                    processor >= 0 && processor < HostProcessors.PROCESSORS_MAX,
                    "the host has no processor " + processor);
        }
        if (!affinity.hard().isEmpty()) {
            tryOut(affinity);
        }
        slots.get(vcpu).pin(affinity);
    }

    /// A thread of no use finds out whether the host takes it.
    private static void tryOut(Affinity affinity) throws DomainException {
        var tried = new CompletableFuture<Optional<LinuxException>>();
        Thread.ofPlatform()
                .name("affinity")
                .start(() -> {
                    try {
                        HostProcessors.restrictCurrentThread(affinity.hard());
                        tried.complete(Optional.empty());
                    } catch (LinuxException e) {
                        tried.complete(Optional.of(e));
                    }
                });
        var refusal = tried.join();
        if (refusal.isPresent()) {
            throw new DomainException(
                    "the host lets nobody run on processors %s: %s"
                            .formatted(affinity.hard(), refusal.get().getMessage()),
                    refusal.get());
        }
    }
}
