package org.xenolith.xl.config;

/// A configuration that cannot be used. The message is one line: source, line, reason.
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    ConfigException(Place place, String reason) {
        super(line(place + ": " + reason));
    }

    ConfigException(String source, String reason) {
        super(line(source + ": " + reason));
    }

    /// Values that are quoted may hold anything.
    private static String line(String message) {
        return message.replaceAll("[\\p{Cntrl}\u0085\u2028\u2029]", "?");
    }
}
