package org.xenolith.board;

/// The keys and buttons of a machine. May be used from any thread.
public interface Panel {
    /// Presses a key of Linux' magic SysRq. What the guest makes of it is its business.
    void pressSysrq(char key) throws DomainException, InterruptedException;

    /// Sets off `trigger` at a vCPU; refused where a PVH machine has no such thing.
    void trigger(Trigger trigger, int vcpu) throws DomainException, InterruptedException;
}
