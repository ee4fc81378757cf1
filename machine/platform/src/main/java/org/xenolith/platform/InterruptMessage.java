package org.xenolith.platform;

/// An interrupt on its way to local APICs (SDM vol. 3A, 11.6.1).
///
/// @param destination an APIC id or a logical destination, or [#BROADCAST]
record InterruptMessage(
        Mode mode, int vector, int destination, boolean logical, Shorthand shorthand) {
    /// Every local APIC, in both destination modes.
    static final int BROADCAST = -1;

    private static final int LEVEL_TRIGGERED = 1 << 15;
    private static final int ASSERT = 1 << 14;
    private static final int LOGICAL = 1 << 11;

    /// Delivery mode, in the order of its encoding.
    enum Mode {
        FIXED,
        LOWEST_PRIORITY,
        SMI,
        RESERVED,
        NMI,
        INIT,
        STARTUP,
        EXTERNAL,
        /// INIT level de-assert, which processors since the Pentium 4 ignore.
        INIT_DEASSERT
    }

    /// Destination shorthand, in the order of its encoding.
    enum Shorthand {
        NONE,
        SELF,
        ALL,
        ALL_BUT_SELF
    }

    /// What a write to the interrupt command register asks for.
    static InterruptMessage ofCommand(long command, boolean x2apic) {
        int low = (int) command;
        var mode = Mode.values()[low >>> 8 & 7];
        if (mode == Mode.INIT && (low & (LEVEL_TRIGGERED | ASSERT)) == LEVEL_TRIGGERED) {
            mode = Mode.INIT_DEASSERT;
        }
        int destination = (int) (command >>> 32);
        if (!x2apic) {
            destination >>>= 24;
            destination = destination == 0xFF ? BROADCAST : destination;
        }
        return new InterruptMessage(
                mode,
                low & 0xFF,
                destination,
                (low & LOGICAL) != 0,
                Shorthand.values()[low >>> 18 & 3]);
    }

    /// Whether it needs a vector and has one that no interrupt may have (SDM vol. 3A, 11.5.2).
    boolean hasIllegalVector() {
        return (mode == Mode.FIXED || mode == Mode.LOWEST_PRIORITY) && vector < 16;
    }
}
