package org.xenolith.board;

/// The keys and buttons of a machine. May be used from any thread.
public interface Panel {
    /// Presses a key of Linux' magic SysRq. What the guest makes of it is its business.
    void pressSysrq(char key) throws DomainException, InterruptedException;

    /// Sets off `trigger` at a vCPU; refused where a PVH machine has no such thing.
    void trigger(Trigger trigger, int vcpu) throws DomainException, InterruptedException;

    /// Presses a key of the hypervisor's own: what it says about the domain goes into its log. A
    /// key that means nothing does nothing, as in Xen.
    void pressDebugKey(char key) throws DomainException, InterruptedException;
}
