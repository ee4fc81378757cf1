package org.xenolith.migration.pages;

import java.io.IOException;
import java.util.Optional;

/// The first failure of any of several lanes. Whoever waits for one lane waits on this object, and
/// so hears of a failure of another.
final class LaneFailures {
    private Optional<IOException> first = Optional.empty();

    synchronized void add(IOException failure) {
        if (first.isEmpty()) {
            first = Optional.of(failure);
        }
        notifyAll();
    }

    /// @throws IOException if a lane has failed
    synchronized void requireNone() throws IOException {
        if (first.isPresent()) {
            throw new IOException(first.get().getMessage(), first.get());
        }
    }
}
