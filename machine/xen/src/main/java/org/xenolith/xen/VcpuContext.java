package org.xenolith.xen;

/// The vCPU that makes a hypercall, as far as the Xen side needs it. The board implements it over
/// its engine; it is valid while the hypercall is performed, on the calling thread.
///
/// Addresses are linear, as guest handles are (segment bases do not apply), and accesses have
/// supervisor rights in the vCPU's current address space, without regard to SMAP. They set accessed
/// and dirty bits as the processor does, and cause no fault in the guest.
public interface VcpuContext {
    /// The vCPU's number, from 0.
    int id();

    /// Copies guest memory. False if any byte cannot be read; `into` is then unspecified.
    boolean copyIn(long linear, byte[] into, int from, int length);

    /// Copies into guest memory. False if any byte cannot be written; some may have been.
    boolean copyOut(long linear, byte[] bytes, int from, int length);

    /// The guest-physical address behind a linear one, or -1 if it is not mapped.
    long translate(long linear);
}
