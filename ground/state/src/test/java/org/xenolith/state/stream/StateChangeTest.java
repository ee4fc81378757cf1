package org.xenolith.state.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// States of which only what has changed is written.
class StateChangeTest {
    private static final int BYTES = 9000;

    /// Where the packing is in the body.
    private static final int PACKING_AT = 12;

    private final SplittableRandom random = new SplittableRandom(3);
    private final ByteArrayOutputStream octets = new ByteArrayOutputStream();
    private final StreamWriter out;

    StateChangeTest() throws IOException {
        out = new StreamWriter(Channels.newChannel(octets), 0, Alignment.NONE, 4, 17);
    }

    private static StreamRecord.State state(int instance, byte[] content) {
        return new StreamRecord.State("local-apic", 1, instance, Bytes.of(content));
    }

    private byte[] noise() {
        var content = new byte[BYTES];
        random.nextBytes(content);
        return content;
    }

    private static StreamReader reader(byte[] stream) throws Exception {
        return new StreamReader(
                new ChannelInput(Channels.newChannel(new ByteArrayInputStream(stream))));
    }

    @Test
    void whoeverReadsWhatHasChangedHasTheState() throws Exception {
        var written = new ArrayList<StreamRecord>();
        var last = new ArrayList<>(List.of(state(0, noise()), state(1, noise())));
        for (var whole : last) {
            out.write(whole);
            written.add(whole);
        }
        for (int i = 0; i < 100; i++) {
            int instance = random.nextInt(2);
            var before = last.get(instance).encoded();
            var content = before.toArray();
            for (int k = random.nextInt(20); k > 0; k--) {
                content[random.nextInt(BYTES)]++;
            }
            last.set(instance, state(instance, content));
            out.change(last.get(instance), before);
            written.add(last.get(instance));
        }
        assertThat(octets.size()).isLessThan(2 * BYTES + 100 * 400);
        var reader = reader(octets.toByteArray());
        for (var record : written) {
            assertThat(reader.next()).isEqualTo(record);
        }
    }

    @Test
    void aChangeOfWhatHasNotComeIsRefused() throws Exception {
        out.write(state(1, noise()));
        out.change(state(0, noise()), Bytes.of(noise()));
        var reader = reader(octets.toByteArray());
        reader.next();
        assertThatThrownBy(reader::next)
                .isInstanceOf(StreamException.class)
                .hasMessageContaining("what has not come");
    }

    /// Of an instance, but in another version.
    @Test
    void aChangeOfAnotherVersionIsRefused() throws Exception {
        var before = noise();
        out.write(new StreamRecord.State("local-apic", 2, 0, Bytes.of(before)));
        out.change(state(0, noise()), Bytes.of(before));
        var reader = reader(octets.toByteArray());
        reader.next();
        assertThatThrownBy(reader::next).isInstanceOf(StreamException.class);
    }

    @Test
    void aChangeThatIsShorterOrLongerThanTheStateIsRefused() throws Exception {
        for (int length : new int[] {0, 1, BYTES - 1, BYTES + 1, 3 * BYTES}) {
            octets.reset();
            var writer = new StreamWriter(Channels.newChannel(octets), 0, Alignment.NONE, 4, 17);
            writer.write(state(0, noise()));
            writer.change(state(0, new byte[length]), Bytes.of(new byte[length]));
            var reader = reader(octets.toByteArray());
            reader.next();
            assertThatThrownBy(reader::next)
                    .as(length + " bytes")
                    .isInstanceOf(StreamException.class);
        }
    }

    @Test
    void aPackingThatThereIsNotIsRefused() throws Exception {
        var before = noise();
        out.write(state(0, before));
        int at = octets.size();
        out.change(state(0, noise()), Bytes.of(before));
        var stream = octets.toByteArray();
        ByteBuffer.wrap(stream)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(at + RecordTypes.RHDR_BYTES + PACKING_AT, 77);
        var reader = reader(stream);
        reader.next();
        assertThatThrownBy(reader::next)
                .isInstanceOf(StreamException.class)
                .hasMessageContaining("77");
    }

    @Test
    void octetsThatAreNoPackingAreRefusedOrNoticedLater() throws Exception {
        var before = noise();
        out.write(state(0, before));
        int at = octets.size();
        out.change(state(0, noise()), Bytes.of(before));
        var stream = octets.toByteArray();
        for (int i = 0; i < 500; i++) {
            var damaged = stream.clone();
            damaged[random.nextInt(at + RecordTypes.RHDR_BYTES, stream.length)] ^=
                    (byte) random.nextInt(1, 256);
            var reader = reader(damaged);
            reader.next();
            try {
                reader.next();
            } catch (StreamException e) {
                assertThat(e).hasMessageNotContaining("Exception");
            }
        }
    }
}
