package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.migration.Joins;
import org.xenolith.migration.Link;
import org.xenolith.migration.testing.MemoryLink;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

@Timeout(30)
class JoinSocketsTest {
    private static final long MILLIS_MAX = 10_000;

    @TempDir private Path root;

    private JoinSockets sockets() throws Exception {
        return new JoinSockets(RuntimeDirectory.open(root), Clock.system());
    }

    private static void say(Link link, String word) throws IOException {
        link.output().write(ByteBuffer.wrap(word.getBytes()));
    }

    private static String hear(Link link, int octets) throws IOException {
        var heard = ByteBuffer.allocate(octets);
        while (heard.hasRemaining() && link.input().read(heard) >= 0) {}
        return new String(heard.array(), 0, heard.position());
    }

    /// As two processes do.
    private CompletableFuture<Void> bring(UUID token, MemoryLink connection) {
        return CompletableFuture.runAsync(() -> {
            try (var end = connection.far()) {
                sockets().bring(token, end);
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void whoeverWaitsHasTheConnectionInBothDirections() throws Exception {
        try (var place = sockets().open()) {
            var connection = new MemoryLink();
            var brought = bring(place.token(), connection);
            try (var link = place.next(MILLIS_MAX)) {
                say(connection.near(), "there");
                assertThat(hear(link, 5)).isEqualTo("there");
                say(link, "back");
                assertThat(hear(connection.near(), 4)).isEqualTo("back");
            }
            assertThat(hear(connection.near(), 1)).isEmpty();
            brought.join();
        }
    }

    @Test
    void whoeverWaitsHearsThatTheConnectionIsCut() throws Exception {
        try (var place = sockets().open()) {
            var connection = new MemoryLink();
            var brought = bring(place.token(), connection);
            try (var link = place.next(MILLIS_MAX)) {
                connection.cut();
                assertThat(hear(link, 1)).isEmpty();
            }
            brought.join();
        }
    }

    @Test
    void onlyTheOwnerReachesAPlaceWhichGoesWhenItIsClosed() throws Exception {
        UUID token;
        try (var place = sockets().open()) {
            token = place.token();
            var socket = root.resolve("joins").resolve(token.toString());
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-------");
        }
        assertThat(root.resolve("joins")).isEmptyDirectory();
        assertThatThrownBy(() -> sockets().bring(token, new MemoryLink().far()))
                .isInstanceOf(IOException.class)
                .hasMessage(Joins.NOBODY_WAITS);
    }

    @Test
    void noPlaceWaitsWithoutEnd() throws Exception {
        try (var place = sockets().open()) {
            assertThatThrownBy(() -> place.next(20))
                    .isInstanceOf(IOException.class)
                    .hasMessage("no connection comes");
        }
    }

    @Test
    void placesOfProcessesThatAreGoneAreRemoved() throws Exception {
        sockets();
        var old = Files.createFile(root.resolve("joins").resolve("old"));
        Files.setLastModifiedTime(old, FileTime.fromMillis(0));
        sockets();
        assertThat(root.resolve("joins")).isEmptyDirectory();
    }
}
