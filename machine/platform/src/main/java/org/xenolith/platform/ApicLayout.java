package org.xenolith.platform;

import org.xenolith.memory.GuestMemory;

/// The registers of a local APIC as data: where each is, which bits it has, which mode has it (SDM
/// vol. 3A, tables 11-1 and 11-6).
final class ApicLayout {
    // Offsets in the MMIO page; the x2APIC MSR is 0x800 + offset / 16.
    static final int ID = 0x020;
    static final int VERSION = 0x030;
    static final int TASK_PRIORITY = 0x080;
    static final int ARBITRATION_PRIORITY = 0x090;
    static final int PROCESSOR_PRIORITY = 0x0A0;
    static final int END_OF_INTERRUPT = 0x0B0;
    static final int REMOTE_READ = 0x0C0;
    static final int LOGICAL_DESTINATION = 0x0D0;
    static final int DESTINATION_FORMAT = 0x0E0;
    static final int SPURIOUS = 0x0F0;
    static final int IN_SERVICE = 0x100;
    static final int TRIGGER_MODE = 0x180;
    static final int REQUESTS = 0x200;
    static final int ERROR_STATUS = 0x280;
    static final int COMMAND = 0x300;
    static final int COMMAND_HIGH = 0x310;
    static final int LVT_TIMER = 0x320;
    static final int LVT_ERROR = 0x370;
    static final int INITIAL_COUNT = 0x380;
    static final int CURRENT_COUNT = 0x390;
    static final int DIVIDE = 0x3E0;
    static final int SELF_IPI = 0x3F0;

    /// An integrated APIC with six entries in its local vector table, as Xen's.
    static final int VERSION_VALUE = 0x0005_0014;

    static final long BASE_BOOTSTRAP = 1 << 8;
    static final long BASE_X2APIC = 1 << 10;
    static final long BASE_ENABLED = 1 << 11;
    static final int SOFTWARE_ENABLED = 1 << 8;
    static final int SPURIOUS_MASK = 0x3FF;
    static final int DIVIDE_MASK = 0x0B;
    static final int COMMAND_MASK = 0xC_CFFF;
    static final int COMMAND_HIGH_MASK = 0xFF00_0000;
    static final int LVT_MASKED = 1 << 16;
    static final int[] LVT_MASKS = {0x7_00FF, 0x1_07FF, 0x1_07FF, 0x1_A7FF, 0x1_A7FF, 0x1_00FF};
    static final int SEND_ILLEGAL_VECTOR = 1 << 5;
    static final int RECEIVE_ILLEGAL_VECTOR = 1 << 6;
    static final int ILLEGAL_REGISTER = 1 << 7;
    static final int ERROR_MASK = SEND_ILLEGAL_VECTOR | RECEIVE_ILLEGAL_VECTOR | ILLEGAL_REGISTER;

    /// Bits of a local vector table entry that only the APIC sets: delivery status, and remote IRR
    /// of the pins.
    private static final int LVT_READ_ONLY = 1 << 12;

    private static final int PIN_READ_ONLY = 1 << 12 | 1 << 14;
    private static final int LVT_LINT0_INDEX = 3;
    static final int LVT_ERROR_INDEX = 5;

    private ApicLayout() {}

    /// Whether the MMIO page has a register there.
    static boolean isMmioRegister(int register) {
        return switch (register) {
            case ARBITRATION_PRIORITY, REMOTE_READ, DESTINATION_FORMAT, COMMAND_HIGH -> true;
            default -> isReadableMsr(register) || register == END_OF_INTERRUPT;
        };
    }

    /// Whether the x2APIC has a register there that can be read.
    static boolean isReadableMsr(int register) {
        return switch (register) {
            case ID,
                    VERSION,
                    TASK_PRIORITY,
                    PROCESSOR_PRIORITY,
                    LOGICAL_DESTINATION,
                    SPURIOUS,
                    COMMAND,
                    INITIAL_COUNT,
                    CURRENT_COUNT,
                    DIVIDE ->
                    true;
            default ->
                    register >= IN_SERVICE && register <= ERROR_STATUS
                            || register >= LVT_TIMER && register <= LVT_ERROR;
        };
    }

    /// The bits that a write to an x2APIC register may have set; -1 if there may be no write.
    private static long writableMsrBits(int register) {
        return switch (register) {
            case TASK_PRIORITY, SELF_IPI -> 0xFF;
            case END_OF_INTERRUPT, ERROR_STATUS -> 0;
            case SPURIOUS -> SPURIOUS_MASK;
            case COMMAND -> 0xFFFF_FFFF_0000_0000L | COMMAND_MASK;
            case INITIAL_COUNT -> 0xFFFF_FFFFL;
            case DIVIDE -> DIVIDE_MASK;
            default -> {
                int index = register - LVT_TIMER >> 4;
                if (index < 0 || index >= LVT_MASKS.length) {
                    yield -1;
                }
                boolean pin = index == LVT_LINT0_INDEX || index == LVT_LINT0_INDEX + 1;
                yield LVT_MASKS[index] | (pin ? PIN_READ_ONLY : LVT_READ_ONLY);
            }
        };
    }

    /// Whether the x2APIC has a register there that takes `value`.
    static boolean isWritableMsr(int register, long value) {
        long bits = writableMsrBits(register);
        return bits != -1 && (value & ~bits) == 0;
    }

    /// Whether IA32_APIC_BASE can have a value: no reserved bits, one of the three modes.
    static boolean isApicBase(long value) {
        long defined =
                (1L << GuestMemory.PHYSICAL_ADDRESS_BITS) - 4096
                        | BASE_ENABLED
                        | BASE_X2APIC
                        | BASE_BOOTSTRAP;
        boolean xapic = (value & (BASE_ENABLED | BASE_X2APIC)) == BASE_ENABLED;
        return (value & ~defined) == 0
                && (value & (BASE_ENABLED | BASE_X2APIC)) != BASE_X2APIC
                // As on Xen, the page of xAPIC mode cannot be moved.
                && (!xapic || (value & -4096) == PvhLayout.LOCAL_APIC);
    }

    /// The mode in the timer's entry of the local vector table.
    static ApicTimer.Mode timerMode(int entry) {
        return ApicTimer.Mode.values()[entry >>> 17 & 3];
    }
}
