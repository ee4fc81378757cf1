package org.xenolith.board;

import org.xenolith.base.DomainId;

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/// What the hypervisor has to say about one domain, and what its guest has written to Xen's
/// console: the last [#LINES_MAX] lines, in the form of Xen's own log.
public final class DomainLog {
    public static final int LINES_MAX = 2000;
    public static final int LINE_CHARACTERS_MAX = 1000;

    private final ArrayDeque<String> lines = new ArrayDeque<>();
    private final DomainId id;
    private final Consumer<String> sink;

    /// `sink` gets each line, on the logging thread.
    public DomainLog(DomainId id, Consumer<String> sink) {
        this.id = id;
        this.sink = sink;
    }

    /// Adds `text` of the hypervisor's, which may have several lines.
    public void add(String text) {
        text.lines().forEach(line -> addLine("(XEN) d" + id + ": " + line));
    }

    /// Adds a line of the guest's.
    public void addGuestLine(String line) {
        addLine("(d" + id + ") " + line);
    }

    public synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    /// Control characters become question marks.
    private void addLine(String text) {
        var line =
                text.substring(0, Math.min(text.length(), LINE_CHARACTERS_MAX))
                        .replaceAll("[\\x00-\\x08\\x0A-\\x1F\\x7F]", "?");
        synchronized (this) {
            if (lines.size() == LINES_MAX) {
                lines.removeFirst();
            }
            lines.addLast(line);
        }
        sink.accept(line);
    }
}
