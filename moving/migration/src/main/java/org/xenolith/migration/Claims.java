package org.xenolith.migration;

import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/// Decides, at the target, once for each migration and for all, whether the machine is the target's
/// or stays the source's: who comes first decides. May be used from any thread, and what stands
/// behind it from any process of the target.
public interface Claims {
    /// The target is about to start the machine. False if it has been given up: then it must not.
    boolean take(UUID id) throws IOException;

    /// The source asks. True if the target will never start it; false if it has.
    boolean giveUp(UUID id) throws IOException;

    /// Those of one process.
    static Claims inMemory() {
        Map<UUID, Boolean> taken = new ConcurrentHashMap<>();
        return new Claims() {
            @Override
            public boolean take(UUID id) {
                return taken.computeIfAbsent(id, _ -> true);
            }

            @Override
            public boolean giveUp(UUID id) {
                return !taken.computeIfAbsent(id, _ -> false);
            }
        };
    }
}
