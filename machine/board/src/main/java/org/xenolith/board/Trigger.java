package org.xenolith.board;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// What an operator can set off in a machine, as `xl trigger` names it.
public enum Trigger {
    /// A non-maskable interrupt for one vCPU.
    NMI,
    RESET,
    INIT,
    POWER,
    SLEEP,
    S3RESUME;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Trigger> ofWord(String word) {
        return Arrays.stream(values()).filter(trigger -> trigger.word().equals(word)).findFirst();
    }
}
