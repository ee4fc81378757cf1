package org.xenolith.board;

import java.nio.charset.StandardCharsets;

/// Collects what a guest writes byte by byte into lines of its log. May be called from any thread.
final class GuestLines {
    private final DomainLog log;
    private final StringBuilder line = new StringBuilder();

    GuestLines(DomainLog log) {
        this.log = log;
    }

    void add(byte[] bytes) {
        for (char c : new String(bytes, StandardCharsets.ISO_8859_1).toCharArray()) {
            add(c);
        }
    }

    void add(int c) {
        String complete = null;
        synchronized (this) {
            if (c == '\n' || line.length() == DomainLog.LINE_CHARACTERS_MAX) {
                complete = line.toString();
                line.setLength(0);
            }
            if (c != '\n' && c != '\r') {
                line.append((char) c);
            }
        }
        if (complete != null) {
            log.addGuestLine(complete);
        }
    }
}
