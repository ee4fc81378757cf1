package org.xenolith.pv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.xenolith.state.Bytes;

class ConsoleHubTest {
    private static final Duration AT_ONCE = Duration.ZERO;

    private final ConsoleHub hub = new ConsoleHub();

    private static Bytes text(String text) {
        return Bytes.of(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String readAll(ConsoleSession session) throws InterruptedException {
        var all = new ByteArrayOutputStream();
        var buffer = new byte[1000];
        for (int n = session.read(buffer, AT_ONCE); n > 0; n = session.read(buffer, AT_ONCE)) {
            all.write(buffer, 0, n);
        }
        return all.toString(StandardCharsets.US_ASCII);
    }

    @Test
    void everySessionSeesAllOutput() throws InterruptedException {
        var first = hub.attach();
        var second = hub.attach();
        hub.accept(text("hello "));
        hub.accept(text("world"));
        assertThat(readAll(first)).isEqualTo("hello world");
        assertThat(readAll(second)).isEqualTo("hello world");
    }

    @Test
    void aNewSessionIsShownTheEndOfWhatWasWrittenBefore() throws InterruptedException {
        var all = new StringBuilder();
        for (int line = 0; line < 20_000; line++) {
            var text = "line " + line + "\r\n";
            all.append(text);
            hub.accept(text(text));
        }
        var expected = all.substring(all.length() - ConsoleHub.SCROLL_BACK_BYTES);
        assertThat(readAll(hub.attach())).isEqualTo(expected);
        assertThat(hub.scrollBack()).isEqualTo(text(expected));
    }

    @Test
    void outputLargerThanTheScrollBackKeepsItsEnd() throws InterruptedException {
        var bytes = new byte[ConsoleHub.SCROLL_BACK_BYTES + 10];
        Arrays.fill(bytes, 0, 10, (byte) 'a');
        Arrays.fill(bytes, 10, bytes.length, (byte) 'b');
        hub.accept(Bytes.of(bytes));
        assertThat(readAll(hub.attach())).isEqualTo("b".repeat(ConsoleHub.SCROLL_BACK_BYTES));
    }

    @Test
    void aSlowSessionIsDisconnectedAndTheOthersAreNot() throws InterruptedException {
        var slow = hub.attach();
        var quick = hub.attach();
        int quickRead = 0;
        for (int i = 0; i < 300; i++) {
            hub.accept(Bytes.of(new byte[1024]));
            quickRead += readAll(quick).length();
        }
        assertThat(quickRead).isEqualTo(300 * 1024);
        assertThat(quick.ended()).isFalse();
        assertThat(slow.ended()).isTrue();
        assertThat(readAll(slow)).hasSize(ConsoleSession.UNREAD_BYTES_MAX);
        assertThat(slow.read(new byte[1], AT_ONCE)).isEqualTo(-1);
    }

    @Test
    void whatIsTypedGoesToTheGuestAsFarAsThereIsRoom() {
        var typed = new ByteArrayOutputStream();
        var session = hub.attach();
        assertThat(session.write(new byte[] {1})).isZero();
        hub.connect(bytes -> {
            typed.write(bytes, 0, Math.min(2, bytes.length));
            return Math.min(2, bytes.length);
        });
        assertThat(session.write(new byte[] {1, 2, 3})).isEqualTo(2);
        assertThat(typed.toByteArray()).containsExactly(1, 2);
    }

    @Test
    void aWaitingReaderIsWokenByOutputAndByTheEnd() throws InterruptedException {
        var session = hub.attach();
        var read = new StringBuffer();
        var reader =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                var buffer = new byte[10];
                                var patience = Duration.ofSeconds(10);
                                int n = session.read(buffer, patience);
                                while (n > 0) {
                                    read.append(
                                            new String(buffer, 0, n, StandardCharsets.US_ASCII));
                                    n = session.read(buffer, patience);
                                }
                                read.append(n);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        hub.accept(text("bye"));
        hub.close();
        assertThat(reader.join(Duration.ofSeconds(10))).isTrue();
        assertThat(read).hasToString("bye-1");
    }

    @Test
    void aSessionAttachedAfterTheEndReadsTheScrollBackAndEnds() throws InterruptedException {
        hub.accept(text("last words"));
        hub.close();
        var late = hub.attach();
        assertThat(readAll(late)).isEqualTo("last words");
        assertThat(late.read(new byte[1], AT_ONCE)).isEqualTo(-1);
    }

    @Test
    void theNumberOfSessionsIsBounded() {
        for (int i = 0; i < ConsoleHub.SESSIONS_MAX; i++) {
            hub.attach();
        }
        assertThatThrownBy(hub::attach).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aClosedSessionMakesRoomForAnother() {
        for (int i = 0; i < 2 * ConsoleHub.SESSIONS_MAX; i++) {
            hub.attach().close();
        }
        assertThat(hub.attach().ended()).isFalse();
    }
}
