package org.xenolith.board;

import java.util.Arrays;
import java.util.Optional;

/// What to do when a domain has shut down: `on_poweroff`, `on_reboot`, `on_crash`, `on_watchdog`
/// and `on_soft_reset` in xl.cfg.
public enum ShutdownAction {
    DESTROY("destroy"),
    RESTART("restart"),
    RENAME_RESTART("rename-restart"),
    PRESERVE("preserve"),
    COREDUMP_DESTROY("coredump-destroy"),
    COREDUMP_RESTART("coredump-restart"),
    SOFT_RESET("soft-reset");

    private final String word;

    ShutdownAction(String word) {
        this.word = word;
    }

    /// The word of xl.cfg.
    public String word() {
        return word;
    }

    public static Optional<ShutdownAction> ofWord(String word) {
        return Arrays.stream(values()).filter(action -> action.word.equals(word)).findFirst();
    }
}
