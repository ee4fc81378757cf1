package org.xenolith.board;

import java.util.List;

/// The vCPUs of a domain. May be used from any thread; refusals are [DomainException]s, and leave
/// everything as it was.
public interface Processors {
    /// One for each that there may be, online or not.
    List<VcpuInfo> list();

    /// Asks the guest to use the first `count` of its vCPUs and to leave the others alone. Does not
    /// wait.
    void setOnline(int count) throws DomainException, InterruptedException;

    /// Says where a vCPU may run, until the domain's next boot.
    void pin(int vcpu, Affinity affinity) throws DomainException, InterruptedException;
}
