package org.xenolith.platform;

import org.xenolith.device.Device;
import org.xenolith.device.InterruptLine;
import org.xenolith.device.Migratability;
import org.xenolith.device.PortDevice;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.util.function.IntConsumer;

/// A serial port with a 16550A (National Semiconductor PC16550D data sheet), eight I/O ports.
///
/// It is infinitely fast: a byte written has left when the write returns, and input follows as soon
/// as the receiver has room. Input beyond [#INPUT_BYTES_MAX] bytes is not accepted, so nothing is
/// lost on the way; a receiver overrun exists in loopback only. The character time-out interrupt
/// comes at once.
public final class SerialPort implements PortDevice, Device<SerialPortState> {
    /// The depth of the receiver's FIFO.
    public static final int FIFO_BYTES = 16;

    /// How many bytes of input may wait in front of the receiver.
    public static final int INPUT_BYTES_MAX = 4096;

    // Registers by offset; where two share one, reads and writes or DLAB tell them apart.
    private static final int DATA = 0;
    private static final int INTERRUPT_ENABLE = 1;
    private static final int INTERRUPT_IDENTIFICATION = 2;
    private static final int FIFO_CONTROL = 2;
    private static final int LINE_CONTROL = 3;
    private static final int MODEM_CONTROL = 4;
    private static final int LINE_STATUS = 5;
    private static final int MODEM_STATUS = 6;
    private static final int SCRATCH = 7;

    private static final int IER_RECEIVED = 0x01;
    private static final int IER_TRANSMITTER_EMPTY = 0x02;
    private static final int IER_LINE_STATUS = 0x04;
    private static final int IER_MODEM_STATUS = 0x08;
    private static final int IIR_NONE = 0x01;
    private static final int IIR_LINE_STATUS = 0x06;
    private static final int IIR_RECEIVED = 0x04;
    private static final int IIR_TIME_OUT = 0x0C;
    private static final int IIR_TRANSMITTER_EMPTY = 0x02;
    private static final int IIR_MODEM_STATUS = 0x00;
    private static final int IIR_FIFO_ENABLED = 0xC0;
    private static final int LCR_DIVISOR_LATCH = 0x80;
    private static final int MCR_OUT2 = 0x08;
    static final int MCR_LOOPBACK = 0x10;
    private static final int LSR_DATA_READY = 0x01;
    private static final int LSR_OVERRUN = 0x02;
    private static final int LSR_TRANSMITTER_EMPTY = 0x60;
    private static final int MSR_CTS = 0x10;
    private static final int MSR_DSR = 0x20;
    private static final int MSR_RI = 0x40;
    private static final int MSR_DCD = 0x80;
    private static final int[] TRIGGER_BYTES = {1, 4, 8, 14};
    private static final int NO_OUTPUT = -1;

    private final IntConsumer output;
    private final InterruptLine line;
    private final Object lock = new Object();

    private int interruptEnable;
    private boolean fifoEnabled;
    private int fifoTrigger;
    private int lineControl;
    private int modemControl;
    private int modemChanges;
    private int scratch;
    private int divisor;
    private boolean overrun;
    private boolean transmitterEmptied;
    private final ByteRing received = new ByteRing(FIFO_BYTES);
    private final ByteRing waiting = new ByteRing(INPUT_BYTES_MAX);

    /// `output` takes bytes, 0 to 255, on the thread of the vCPU that writes them.
    public SerialPort(IntConsumer output, InterruptLine line) {
        this.output = output;
        this.line = line;
        set(SerialPortState.RESET);
    }

    /// Input from outside. Returns how many of the first bytes were accepted; the rest may be
    /// offered again later. May be called from any thread.
    public int receive(byte[] bytes, int from, int length) {
        int accepted;
        synchronized (lock) {
            accepted = Math.min(length, waiting.room());
            for (int i = 0; i < accepted; i++) {
                waiting.add(bytes[from + i]);
            }
            refill();
        }
        publishLine();
        return accepted;
    }

    @Override
    public int read(int offset, int bytes) {
        int value = 0;
        synchronized (lock) {
            for (int i = 0; i < bytes; i++) {
                value |= readRegister(offset + i) << 8 * i;
            }
        }
        publishLine();
        return value;
    }

    @Override
    public void write(int offset, int bytes, int value) {
        for (int i = 0; i < bytes; i++) {
            int sent;
            synchronized (lock) {
                sent = writeRegister(offset + i, value >>> 8 * i & 0xFF);
            }
            if (sent != NO_OUTPUT) {
                output.accept(sent);
            }
        }
        publishLine();
    }

    private int readRegister(int register) {
        boolean latch = (lineControl & LCR_DIVISOR_LATCH) != 0;
        return switch (register) {
            case DATA -> latch ? divisor & 0xFF : takeReceived();
            case INTERRUPT_ENABLE -> latch ? divisor >>> 8 : interruptEnable;
            case INTERRUPT_IDENTIFICATION -> identifyInterrupt();
            case LINE_CONTROL -> lineControl;
            case MODEM_CONTROL -> modemControl;
            case LINE_STATUS -> readLineStatus();
            case MODEM_STATUS -> readModemStatus();
            case SCRATCH -> scratch;
            default -> 0xFF; // a wide access reaches beyond the eight ports
        };
    }

    /// Returns the byte to put out, or [#NO_OUTPUT].
    private int writeRegister(int register, int value) {
        boolean latch = (lineControl & LCR_DIVISOR_LATCH) != 0;
        switch (register) {
            case DATA -> {
                if (!latch) {
                    return transmit(value);
                }
                divisor = divisor & 0xFF00 | value;
            }
            case INTERRUPT_ENABLE -> {
                if (latch) {
                    divisor = divisor & 0xFF | value << 8;
                } else {
                    writeInterruptEnable(value & 0x0F);
                }
            }
            case FIFO_CONTROL -> writeFifoControl(value);
            case LINE_CONTROL -> lineControl = value;
            case MODEM_CONTROL -> writeModemControl(value & 0x1F);
            case SCRATCH -> scratch = value;
            default -> {} // LSR and MSR are read-only; a wide access reaches beyond the ports
        }
        return NO_OUTPUT;
    }

    private int takeReceived() {
        int value = received.isEmpty() ? 0 : received.take();
        refill();
        return value;
    }

    private int transmit(int value) {
        transmitterEmptied = true;
        if (!loopback()) {
            return value;
        }
        if (received.size() < depth()) {
            received.add((byte) value);
        } else {
            overrun = true;
        }
        return NO_OUTPUT;
    }

    private void writeInterruptEnable(int value) {
        // The data sheet, 8.6: enabling this interrupt while the transmitter is empty raises it.
        if ((value & ~interruptEnable & IER_TRANSMITTER_EMPTY) != 0) {
            transmitterEmptied = true;
        }
        interruptEnable = value;
    }

    private void writeFifoControl(int value) {
        boolean enable = (value & 0x01) != 0;
        // The data sheet, 8.4: changing the mode clears the FIFOs, and bit 1 clears the receiver's.
        if (enable != fifoEnabled || enable && (value & 0x02) != 0) {
            received.clear();
        }
        fifoEnabled = enable;
        fifoTrigger = enable ? value >>> 6 : 0;
        refill();
    }

    private void writeModemControl(int value) {
        int before = modemLines();
        modemControl = value;
        int changed = before ^ modemLines();
        int fellRing = before & ~modemLines() & MSR_RI;
        modemChanges |= (changed & ~MSR_RI | fellRing) >>> 4;
        refill();
    }

    /// Bits 7:4 of the Modem Status Register: a peer that is always there, or our own outputs.
    private int modemLines() {
        if (!loopback()) {
            return MSR_CTS | MSR_DSR | MSR_DCD;
        }
        return ((modemControl & 0x01) != 0 ? MSR_DSR : 0)
                | ((modemControl & 0x02) != 0 ? MSR_CTS : 0)
                | ((modemControl & 0x04) != 0 ? MSR_RI : 0)
                | ((modemControl & 0x08) != 0 ? MSR_DCD : 0);
    }

    private int readModemStatus() {
        int value = modemLines() | modemChanges;
        modemChanges = 0;
        return value;
    }

    private int readLineStatus() {
        int value =
                LSR_TRANSMITTER_EMPTY
                        | (received.isEmpty() ? 0 : LSR_DATA_READY)
                        | (overrun ? LSR_OVERRUN : 0);
        overrun = false;
        return value;
    }

    private int identifyInterrupt() {
        int cause = interruptCause();
        if (cause == IIR_TRANSMITTER_EMPTY) {
            transmitterEmptied = false;
        }
        return cause | (fifoEnabled ? IIR_FIFO_ENABLED : 0);
    }

    /// Table IV of the data sheet: the causes by priority.
    private int interruptCause() {
        if (overrun && (interruptEnable & IER_LINE_STATUS) != 0) {
            return IIR_LINE_STATUS;
        }
        if (!received.isEmpty() && (interruptEnable & IER_RECEIVED) != 0) {
            return received.size() >= TRIGGER_BYTES[fifoTrigger] ? IIR_RECEIVED : IIR_TIME_OUT;
        }
        if (transmitterEmptied && (interruptEnable & IER_TRANSMITTER_EMPTY) != 0) {
            return IIR_TRANSMITTER_EMPTY;
        }
        if (modemChanges != 0 && (interruptEnable & IER_MODEM_STATUS) != 0) {
            return IIR_MODEM_STATUS;
        }
        return IIR_NONE;
    }

    private boolean loopback() {
        return (modemControl & MCR_LOOPBACK) != 0;
    }

    private int depth() {
        return fifoEnabled ? FIFO_BYTES : 1;
    }

    /// Waiting input moves on while the receiver has room; in loopback its pin is cut off.
    private void refill() {
        while (!loopback() && !waiting.isEmpty() && received.size() < depth()) {
            received.add((byte) waiting.take());
        }
    }

    /// On a PC the interrupt passes a gate that OUT2 opens; loopback closes it.
    private boolean lineAsserted() {
        synchronized (lock) {
            return interruptCause() != IIR_NONE && (modemControl & MCR_OUT2) != 0 && !loopback();
        }
    }

    /// Shows the line's level outside the lock; whoever is last shows the newest.
    private void publishLine() {
        boolean asserted;
        do {
            asserted = lineAsserted();
            line.set(asserted);
        } while (asserted != lineAsserted());
    }

    @Override
    public SerialPortState capture() {
        synchronized (lock) {
            return new SerialPortState(
                    interruptEnable,
                    fifoEnabled,
                    fifoTrigger,
                    lineControl,
                    modemControl,
                    modemChanges,
                    scratch,
                    divisor,
                    overrun,
                    transmitterEmptied,
                    Bytes.of(received.toArray()),
                    Bytes.of(waiting.toArray()));
        }
    }

    @Override
    public void restore(SerialPortState state) {
        synchronized (lock) {
            set(state);
        }
        publishLine();
    }

    private void set(SerialPortState state) {
        interruptEnable = state.interruptEnable();
        fifoEnabled = state.fifoEnabled();
        fifoTrigger = state.fifoTrigger();
        lineControl = state.lineControl();
        modemControl = state.modemControl();
        modemChanges = state.modemChanges();
        scratch = state.scratch();
        divisor = state.divisor();
        overrun = state.overrun();
        transmitterEmptied = state.transmitterEmptied();
        received.set(state.received().toArray());
        waiting.set(state.waiting().toArray());
    }

    @Override
    public StateCodec<SerialPortState> codec() {
        return SerialPortState.CODEC;
    }

    @Override
    public Migratability migratability() {
        return new Migratability.Migratable();
    }
}
