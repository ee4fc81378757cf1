package org.xenolith.x86;

/// Whether a unit of the processor may be used in a mode (SDM vol. 3A, table 2-2 and 13.1).
final class Availability {
    private Availability() {}

    /// The exception that an instruction raises because of its unit, or -1.
    static int faultOf(Row row, Mode mode) {
        return switch (row.unit()) {
            case INTEGER -> -1;
            case X87 -> {
                boolean blocked =
                        row.isWait()
                                ? mode.monitorCoprocessor() && mode.taskSwitched()
                                : mode.emulation() || mode.taskSwitched();
                yield blocked ? Trap.DEVICE_NOT_AVAILABLE : -1;
            }
            case MMX -> {
                if (mode.emulation()) {
                    yield Trap.INVALID_OPCODE;
                }
                yield mode.taskSwitched() ? Trap.DEVICE_NOT_AVAILABLE : -1;
            }
            case SSE -> {
                if (mode.emulation() || !mode.osFxsave()) {
                    yield Trap.INVALID_OPCODE;
                }
                yield mode.taskSwitched() ? Trap.DEVICE_NOT_AVAILABLE : -1;
            }
        };
    }
}
