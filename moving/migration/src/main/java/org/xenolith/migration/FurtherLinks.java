package org.xenolith.migration;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// The further connections of a migration, at the source. [#close] from any thread ends what is
/// waiting in them.
///
/// @param links in the order of their numbers
record FurtherLinks(List<Link> links) implements Closeable {
    static final FurtherLinks NONE = new FurtherLinks(List.of());

    /// Makes so many connections, and has the target join them to the first.
    ///
    /// @param id of the migration
    /// @param token that the target has given
    /// @param millisMax a target that does not answer for so long is given up
    /// @throws MigrationException if the target refuses one
    static FurtherLinks join(Link.Dialer dialer, UUID id, UUID token, int count, long millisMax)
            throws IOException, MigrationException {
        var links = new ArrayList<Link>();
        int number = 1;
        try {
            for (; number <= count; number++) {
                var link = dialer.dial();
                links.add(link);
                Frames.write(link.output(), new Frame.Join(id, token, number));
            }
            for (number = 1; number <= count; number++) {
                awaitJoined(links.get(number - 1), millisMax);
            }
            return new FurtherLinks(List.copyOf(links));
        } catch (IOException e) {
            closeAll(links);
            throw new IOException(
                    "connection %d of %d cannot be had: %s"
                            .formatted(number + 1, count + 1, e.getMessage()),
                    e);
        } catch (MigrationException | RuntimeException e) {
            closeAll(links);
            throw e;
        }
    }

    private static void awaitJoined(Link link, long millisMax)
            throws IOException, MigrationException {
        try (var _ = Deadline.closing(link, millisMax)) {
            switch (Frames.read(link.input())) {
                case Frame.Joined _ -> {}
                case Frame.Refused(var reason) -> throw new MigrationException(reason);
                default -> throw new IOException("the target says what it should not");
            }
        }
    }

    boolean isEmpty() {
        return links.isEmpty();
    }

    List<WritableByteChannel> outputs() {
        return links.stream().map(Link::output).toList();
    }

    @Override
    public void close() {
        closeAll(links);
    }

    static void closeAll(List<Link> links) {
        for (var link : links) {
            try {
                link.close();
            } catch (IOException _) {
                continue; // it is of no use any more
            }
        }
    }
}
