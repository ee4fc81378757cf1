package org.xenolith.mirror.protocol;

/// Which of the two goes on, once they have lost each other. The arbiter keeps one decision for
/// each session; the first that is claimed is that of the session for ever (the atomic test-and-set
/// of Scales, Nelson, Venkitachalam: The design of a practical system for fault-tolerant virtual
/// machines, SIGOPS OSR 2010, section 2.3).
public enum Decision {
    /// The primary, without protection.
    ALONE("alone"),

    /// The backup.
    PROMOTED("promoted");

    private final String word;

    Decision(String word) {
        this.word = word;
    }

    /// As the arbiter keeps it.
    public String word() {
        return word;
    }
}
