package org.xenolith.pv;

import org.junit.jupiter.api.Test;
import org.xenolith.device.Device;
import org.xenolith.device.Outbox;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.testkit.DeviceLaws;
import org.xenolith.testkit.DeviceRig;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.random.RandomGenerator;

class PvConsoleLawsTest {
    private static final class Rig implements DeviceRig<PvConsoleState> {
        private final GuestMemory memory = GuestMemory.withRam(4096, 0);
        private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
        private final PvConsole console =
                new PvConsole(
                        memory,
                        0,
                        Outbox.passThrough(bytes -> shown.writeBytes(bytes.toArray())),
                        () -> {});

        @Override
        public Device<PvConsoleState> device() {
            return console;
        }

        @Override
        public Rig fresh() {
            var twin = new Rig();
            twin.memory.write(0, memory.read(0, 4096));
            return twin;
        }

        @Override
        public Object step(RandomGenerator random) {
            int offset = PvConsole.IN_CONSUMER + 4 * random.nextInt(4);
            // The guest moves an index, rightly or wrongly.
            memory.writeInt(offset, memory.readInt(offset) + random.nextInt(700) - 50);
            memory.writeByte(random.nextInt(PvConsole.IN_CONSUMER), random.nextInt(256));
            var typed = new byte[random.nextInt(300)];
            random.nextBytes(typed);
            shown.reset();
            int taken = console.accept(typed);
            return List.of(taken, Bytes.of(shown.toByteArray()), Bytes.of(memory.read(0, 4096)));
        }
    }

    @Test
    void theConsoleObeysTheLawsOfDevices() {
        DeviceLaws.check(Rig::new, 15, 100, 300);
    }
}
