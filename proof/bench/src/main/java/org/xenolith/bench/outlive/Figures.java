package org.xenolith.bench.outlive;

import static org.xenolith.bench.outlive.Scenario.FAIL_OVER;
import static org.xenolith.bench.outlive.Scenario.MIRROR;
import static org.xenolith.bench.outlive.Scenario.MOVE;
import static org.xenolith.bench.outlive.Scenario.RESTORE;

import java.util.List;

/// All rows of the group, in the table's order.
public final class Figures {
    /// The group's word on the command line.
    public static final String GROUP = "outlive";

    // spotless:off
    static final Figure MOVE_STILL = new Figure(MOVE, "move-still",
            "live migration: in which the guest stands still", "ms", 60, "");
    static final Figure MOVE_REHEARSAL = new Figure(MOVE, "move-rehearsal",
            "live migration: the same for a moment before, so that it is short then", "ms", 0, "");
    static final Figure MOVE_TOTAL = new Figure(MOVE, "move-total",
            "live migration: from the first page to the end", "s", 0, "");
    static final Figure MOVE_ROUNDS = new Figure(MOVE, "move-rounds",
            "live migration: rounds of pages", "", 0, "");

    static final Figure RESTORE_FIRST = new Figure(RESTORE, "restore-first",
            "in a process that has restored before: to the guest's first instruction", "ms", 300, "");
    static final Figure RESTORE_XL = new Figure(RESTORE, "restore-xl",
            "the whole command xl restore", "s", 1, "");

    static final Figure COMPILE = new Figure(MIRROR, "compile",
            "what a compile in the guest takes longer when it is mirrored", "%", 25, "103");
    static final Figure COMPILE_STREAM = new Figure(MIRROR, "compile-stream",
            "of the dirty pages' bytes, how many the stream has, meanwhile", "%", 10, "");
    static final Figure COMPILE_EPOCHS = new Figure(MIRROR, "compile-epochs",
            "epochs that are committed in a second, meanwhile", "1/s", 0, "40");
    static final Figure COMPILE_PAUSE = new Figure(MIRROR, "compile-pause",
            "for which the guest stands still at a checkpoint, meanwhile", "ms", 0, "");
    static final Figure COMPILE_PAGES = new Figure(MIRROR, "compile-pages",
            "dirty pages of an epoch, meanwhile", "", 0, "");
    static final Figure WEB_KEPT = new Figure(MIRROR, "web-kept",
            "what an answer of the guest's web server takes longer, by a connection that is there",
            "epochs", 1.5, "");
    static final Figure WEB_KEPT_P99 = new Figure(MIRROR, "web-kept-p99",
            "the same of the slowest in a hundred", "epochs", 0, "");
    static final Figure WEB_NEW = new Figure(MIRROR, "web-new",
            "the same by a new connection, of busybox httpd", "epochs", 1.5, "");
    static final Figure WEB_NEW_P99 = new Figure(MIRROR, "web-new-p99",
            "the same of the slowest in a hundred", "epochs", 0, "");

    static final Figure REPLY = new Figure(FAIL_OVER, "fail-over",
            "from kill -9 to the guest's first reply to a datagram sent since", "ms", 500, "1000");
    static final Figure REPLY_TCP = new Figure(FAIL_OVER, "fail-over-tcp",
            "the same of a request by a TCP connection that was there", "ms", 0, "");
    // spotless:on

    public static final List<Figure> ALL =
            List.of(
                    MOVE_STILL,
                    MOVE_REHEARSAL,
                    MOVE_TOTAL,
                    MOVE_ROUNDS,
                    RESTORE_FIRST,
                    RESTORE_XL,
                    COMPILE,
                    COMPILE_STREAM,
                    COMPILE_EPOCHS,
                    COMPILE_PAUSE,
                    COMPILE_PAGES,
                    WEB_KEPT,
                    WEB_KEPT_P99,
                    WEB_NEW,
                    WEB_NEW_P99,
                    REPLY,
                    REPLY_TCP);

    private Figures() {}

    /// The rows that a word of the command line means: a row's name or the group's.
    public static List<Figure> named(String word) {
        return ALL.stream()
                .filter(figure -> figure.name().equals(word) || word.equals(GROUP))
                .toList();
    }
}
