package org.xenolith.xen;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What an operator can ask Xen to say about all domains, a key each; the keys and their
/// descriptions are Xen's (xen/common/keyhandler.c and who registers there).
public enum DebugKey {
    EVENT_CHANNELS('e', "dump evtchn info"),
    GRANTS('g', "print grant table usage"),
    HELP('h', "show this message"),
    DOMAINS('q', "dump domain (and guest debug) info");

    private final char key;
    private final String description;

    DebugKey(char key, String description) {
        this.key = key;
        this.description = description;
    }

    public static Optional<DebugKey> of(char key) {
        return Arrays.stream(values()).filter(one -> one.key == key).findFirst();
    }

    /// A line for each of them.
    static List<String> help() {
        return Arrays.stream(values())
                .map(one -> " key '%c' => %s".formatted(one.key, one.description))
                .toList();
    }
}
