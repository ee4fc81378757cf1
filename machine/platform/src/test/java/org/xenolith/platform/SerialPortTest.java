package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.testkit.DeviceLaws;
import org.xenolith.testkit.DeviceRig;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;

class SerialPortTest {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;

    /// A serial port, what came out of it, and its line.
    private static final class Rig implements DeviceRig<SerialPortState> {
        private final StringBuilder out = new StringBuilder();
        private boolean line;
        private final SerialPort port = new SerialPort(b -> out.append((char) b), on -> line = on);

        @Override
        public SerialPort device() {
            return port;
        }

        @Override
        public Object step(RandomGenerator random) {
            int choice = random.nextInt(16);
            int offset = random.nextInt(8);
            int value = random.nextInt(256);
            int bytes = random.nextInt(8) == 0 ? 1 << random.nextInt(3) : 1;
            int seen = 0;
            switch (choice) {
                case 0 -> seen = offer(random.nextInt(64));
                case 1 -> seen = offer(random.nextInt(8192));
                case 2, 3, 4, 5, 6, 7, 8 -> port.write(offset, bytes, value);
                default -> seen = port.read(offset, bytes);
            }
            var answer = List.of(seen, line, out.toString());
            out.setLength(0);
            return answer;
        }

        private int offer(int length) {
            var bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = (byte) i;
            }
            return port.receive(bytes, 0, length);
        }

        @Override
        public Rig fresh() {
            return new Rig();
        }
    }

    private final Rig rig = new Rig();
    private final SerialPort port = rig.port;

    private int in(int offset) {
        return port.read(offset, 1);
    }

    private void out(int offset, int value) {
        port.write(offset, 1, value);
    }

    private void type(String text) {
        var bytes = text.getBytes(StandardCharsets.US_ASCII);
        assertThat(port.receive(bytes, 0, bytes.length)).isEqualTo(bytes.length);
    }

    @Test
    void theStateIsAllThereIs() {
        DeviceLaws.check(Rig::new, 0x16550L, 400, 60);
    }

    @Test
    void whatIsWrittenComesOutAtOnce() {
        for (char c : "Hello\n".toCharArray()) {
            assertThat(in(LSR) & 0x60).isEqualTo(0x60);
            out(DATA, c);
        }
        assertThat(rig.out).hasToString("Hello\n");
    }

    @Test
    void theDivisorLatchHidesDataAndInterruptEnable() {
        out(IER, 0x05);
        out(LCR, 0x83);
        out(DATA, 0x01);
        out(IER, 0x02);
        assertThat(List.of(in(DATA), in(IER))).containsExactly(0x01, 0x02);
        out(LCR, 0x03);
        assertThat(in(IER)).isEqualTo(0x05);
        assertThat(rig.out).isEmpty();
    }

    @Test
    void inputArrivesInOrderThroughAFullFifo() {
        out(FCR, 0x01);
        type("the quick brown fox jumps over the lazy dog");
        var read = new StringBuilder();
        while ((in(LSR) & 0x01) != 0) {
            read.append((char) in(DATA));
        }
        assertThat(read).hasToString("the quick brown fox jumps over the lazy dog");
    }

    @Test
    void inputIsBounded() {
        assertThat(port.receive(new byte[10_000], 0, 10_000)).isEqualTo(SerialPort.INPUT_BYTES_MAX);
        assertThat(port.receive(new byte[10], 0, 10)).isEqualTo(1);
        assertThat(port.receive(new byte[10], 0, 10)).isZero();
    }

    @Test
    void aFifoIsSeenInTheInterruptIdentification() {
        assertThat(in(IIR)).isEqualTo(0x01);
        out(FCR, 0x01);
        assertThat(in(IIR)).isEqualTo(0xC1);
    }

    @Test
    void receivedBytesInterruptFromTheTriggerLevelAndTimeOutBelow() {
        out(MCR, 0x08);
        out(FCR, 0x41);
        out(IER, 0x01);
        type("abc");
        assertThat(in(IIR)).isEqualTo(0xCC);
        type("d");
        assertThat(in(IIR)).isEqualTo(0xC4);
        assertThat(rig.line).isTrue();
        for (int i = 0; i < 4; i++) {
            in(DATA);
        }
        assertThat(in(IIR)).isEqualTo(0xC1);
        assertThat(rig.line).isFalse();
    }

    @Test
    void anEmptyTransmitterIsToldOnceAndAfterEachByte() {
        out(MCR, 0x08);
        out(IER, 0x02);
        assertThat(rig.line).isTrue();
        assertThat(in(IIR)).isEqualTo(0x02);
        assertThat(in(IIR)).isEqualTo(0x01);
        assertThat(rig.line).isFalse();
        out(DATA, 'x');
        assertThat(in(IIR)).isEqualTo(0x02);
    }

    @Test
    void theInterruptNeedsOut2() {
        out(IER, 0x02);
        assertThat(rig.line).isFalse();
        out(MCR, 0x08);
        assertThat(rig.line).isTrue();
    }

    @Test
    void loopbackReturnsBytesAndModemLines() {
        out(MCR, 0x1B);
        out(DATA, 'z');
        assertThat(in(DATA)).isEqualTo('z');
        assertThat(rig.out).isEmpty();
        assertThat(in(MSR) & 0xF0).isEqualTo(0xB0);
        out(MCR, 0x1A);
        assertThat(in(MSR) & 0xF0).isEqualTo(0x90);
        assertThat(in(MSR) & 0x0F).isZero();
    }

    @Test
    void loopbackOverrunIsReportedOnce() {
        out(MCR, 0x10);
        out(DATA, 1);
        out(DATA, 2);
        assertThat(in(LSR) & 0x02).isEqualTo(0x02);
        assertThat(in(LSR) & 0x02).isZero();
        assertThat(in(DATA)).isEqualTo(1);
    }

    @Test
    void inputWaitsWhileInLoopback() {
        out(MCR, 0x10);
        type("q");
        assertThat(in(LSR) & 0x01).isZero();
        out(MCR, 0x00);
        assertThat(in(DATA)).isEqualTo('q');
    }

    @Test
    void theScratchRegisterKeepsWhatIsWritten() {
        out(SCR, 0x5A);
        assertThat(in(SCR)).isEqualTo(0x5A);
    }
}
