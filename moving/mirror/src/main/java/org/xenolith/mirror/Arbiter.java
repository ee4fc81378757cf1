package org.xenolith.mirror;

import org.xenolith.mirror.protocol.Decision;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/// Keeps one decision for each session, for ever, somewhere that fails neither with the primary nor
/// with the backup. May be used from any thread.
///
/// Whoever does not get an answer may ask again: who has claimed a decision and has got it gets it
/// again.
public interface Arbiter {
    /// The session's decision, which is `wanted` if there was none. Returns within seconds.
    ///
    /// @throws IOException if there is no answer. The arbiter may have decided
    Decision claim(UUID session, Decision wanted) throws IOException;

    /// The session's decision.
    ///
    /// @throws IOException if there is no answer
    Optional<Decision> read(UUID session) throws IOException;

    /// One that is reached over HTTP: etcd, or `xl witness`.
    ///
    /// @param urls of its members, separated by commas
    /// @throws IllegalArgumentException if there is something else
    static Arbiter at(String urls) {
        return new EtcdArbiter(urls);
    }
}
