package org.xenolith.board;

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/// What the hypervisor has to say about one domain: the last [#LINES_MAX] lines, and whoever else
/// wants to hear them.
public final class DomainLog {
    public static final int LINES_MAX = 2000;
    public static final int LINE_CHARACTERS_MAX = 1000;

    private final ArrayDeque<String> lines = new ArrayDeque<>();
    private final Consumer<String> sink;

    /// `sink` gets each line, one at a time, on the logging thread.
    public DomainLog(Consumer<String> sink) {
        this.sink = sink;
    }

    /// Adds `text`, which may have several lines. Control characters become question marks.
    public void add(String text) {
        text.lines().map(DomainLog::clean).forEach(this::addLine);
    }

    public synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    private void addLine(String line) {
        synchronized (this) {
            if (lines.size() == LINES_MAX) {
                lines.removeFirst();
            }
            lines.addLast(line);
        }
        sink.accept(line);
    }

    private static String clean(String line) {
        var cut = line.substring(0, Math.min(line.length(), LINE_CHARACTERS_MAX));
        return cut.replaceAll("[\\x00-\\x08\\x0B-\\x1F\\x7F]", "?");
    }
}
