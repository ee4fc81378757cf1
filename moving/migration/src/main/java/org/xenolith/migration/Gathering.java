package org.xenolith.migration;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// The further connections of a migration, at the target: those that have joined the first. For one
/// thread.
final class Gathering implements Closeable {
    private final UUID id;
    private final int count;
    private final Arrival.Limits limits;

    /// By number, from 1; those that have not come are null.
    private final Link[] links;

    private Gathering(UUID id, int count, Arrival.Limits limits) {
        this.id = id;
        this.count = count;
        this.limits = limits;
        this.links = new Link[count + 1];
    }

    /// None.
    static Gathering empty(UUID id) {
        return new Gathering(id, 0, Arrival.Limits.USUAL);
    }

    /// Waits until all have joined.
    ///
    /// @param id of the migration
    /// @param count of further connections
    /// @throws MigrationException if they do not
    static Gathering at(Joins.Place place, UUID id, int count, Arrival.Limits limits)
            throws MigrationException {
        var gathering = new Gathering(id, count, limits);
        try {
            gathering.gather(place);
            return gathering;
        } catch (IOException e) {
            gathering.close();
            throw new MigrationException(
                    "connection %d of %d has not joined: %s"
                            .formatted(gathering.joined() + 2, count + 1, e.getMessage()),
                    e);
        }
    }

    /// Who knows the place is the source: if one of its connections is refused, all is.
    private void gather(Joins.Place place) throws IOException {
        while (joined() < count) {
            var link = place.next(limits.joinMillisMax());
            var refusal = refusal(link, place.token());
            if (refusal.isPresent()) {
                refuse(link, refusal.get());
                throw new IOException(refusal.get());
            }
        }
    }

    private int joined() {
        return links().size();
    }

    /// Why `link` is not one of them; empty if it is.
    private Optional<String> refusal(Link link, UUID token) {
        try (var _ = Deadline.closing(link, limits.wordMillisMax())) {
            if (!(Frames.read(link.input()) instanceof Frame.Join join)) {
                return Optional.of("this is no further connection of a migration");
            }
            if (!join.id().equals(id) || !join.token().equals(token)) {
                return Optional.of("this is a connection of another migration");
            }
            if (join.number() < 1 || join.number() > count) {
                return Optional.of(
                        "there is no connection %d of %d".formatted(join.number() + 1, count + 1));
            }
            if (links[join.number()] != null) {
                return Optional.of("connection %d comes twice".formatted(join.number() + 1));
            }
            Frames.write(link.output(), new Frame.Joined());
            links[join.number()] = link;
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private void refuse(Link link, String reason) throws IOException {
        try (link;
                var _ = Deadline.closing(link, limits.wordMillisMax())) {
            Frames.write(link.output(), new Frame.Refused(reason));
        } catch (IOException _) {
            return; // who has made it has gone
        }
    }

    /// Those that have joined.
    List<Link> links() {
        var all = new ArrayList<Link>();
        for (var link : links) {
            if (link != null) {
                all.add(link);
            }
        }
        return all;
    }

    @Override
    public void close() {
        FurtherLinks.closeAll(links());
    }
}
