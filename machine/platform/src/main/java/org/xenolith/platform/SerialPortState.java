package org.xenolith.platform;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;

/// The state of a [SerialPort], version 1. Registers hold only bits that exist.
///
/// @param interruptEnable Interrupt Enable Register (IER), bits 3:0
/// @param fifoEnabled bit 0 of the FIFO Control Register (FCR)
/// @param fifoTrigger bits 7:6 of the FIFO Control Register, as 0 to 3
/// @param lineControl Line Control Register (LCR)
/// @param modemControl Modem Control Register (MCR), bits 4:0
/// @param modemChanges bits 3:0 of the Modem Status Register (MSR): changes since it was read
/// @param scratch Scratch Register (SCR)
/// @param divisor Divisor Latch (DLM, DLL)
/// @param overrun bit 1 of the Line Status Register (LSR)
/// @param transmitterEmptied the transmitter became empty and the guest has not been told
/// @param received the receiver FIFO, first byte first
/// @param waiting input that the receiver has not taken yet, first byte first
public record SerialPortState(
        int interruptEnable,
        boolean fifoEnabled,
        int fifoTrigger,
        int lineControl,
        int modemControl,
        int modemChanges,
        int scratch,
        int divisor,
        boolean overrun,
        boolean transmitterEmptied,
        Bytes received,
        Bytes waiting) {
    public static final StateCodec<SerialPortState> CODEC =
            StateCodec.of("serial-port", SerialPortState.class, MethodHandles.lookup());

    public SerialPortState {
        require(interruptEnable >= 0 && interruptEnable <= 0x0F, "IER has four bits");
        require(fifoTrigger >= 0 && fifoTrigger <= 3, "the FIFO trigger has two bits");
        require(fifoEnabled || fifoTrigger == 0, "there is no trigger without a FIFO");
        require(lineControl >= 0 && lineControl <= 0xFF, "LCR is a byte");
        require(modemControl >= 0 && modemControl <= 0x1F, "MCR has five bits");
        require(modemChanges >= 0 && modemChanges <= 0x0F, "four modem lines can change");
        require(scratch >= 0 && scratch <= 0xFF, "SCR is a byte");
        require(divisor >= 0 && divisor <= 0xFFFF, "the divisor has 16 bits");
        int depth = fifoEnabled ? SerialPort.FIFO_BYTES : 1;
        require(received.length() <= depth, "the receiver holds what fits into it");
        require(waiting.length() <= SerialPort.INPUT_BYTES_MAX, "waiting input is bounded");
        boolean connected = (modemControl & SerialPort.MCR_LOOPBACK) == 0;
        require(
                waiting.length() == 0 || !connected || received.length() == depth,
                "input waits only for a full receiver");
    }

    /// After power-on or reset.
    public static final SerialPortState RESET =
            new SerialPortState(
                    0, false, 0, 0, 0, 0, 0, 0x0C, false, false, Bytes.EMPTY, Bytes.EMPTY);
}
