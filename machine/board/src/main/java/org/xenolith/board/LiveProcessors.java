package org.xenolith.board;

import java.util.List;

/// The vCPUs of a domain, over its reboots.
final class LiveProcessors implements Processors {
    private final Domain domain;

    LiveProcessors(Domain domain) {
        this.domain = domain;
    }

    @Override
    public List<VcpuInfo> list() {
        return domain.machine().processors().list();
    }

    @Override
    public void pin(int vcpu, Affinity affinity) throws DomainException, InterruptedException {
        domain.alter((machine, before) -> {
            machine.processors().pin(vcpu, affinity);
            return before;
        });
    }

    @Override
    public void setOnline(int count) throws DomainException, InterruptedException {
        domain.alter((machine, before) -> {
            machine.processors().setOnline(count);
            return before.withVcpus(count);
        });
    }
}
