package org.xenolith.x86;

/// How wide guest-physical addresses are.
public final class GuestPhysical {
    /// MAXPHYADDR as CPUID tells it.
    public static final int BITS = org.xenolith.memory.GuestMemory.PHYSICAL_ADDRESS_BITS;

    private GuestPhysical() {}
}
