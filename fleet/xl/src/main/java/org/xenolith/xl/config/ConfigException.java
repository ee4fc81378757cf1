package org.xenolith.xl.config;

/// A configuration that cannot be used. The message is one line: source, line, reason.
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    ConfigException(Place place, String reason) {
        super(place + ": " + reason);
    }

    ConfigException(String source, String reason) {
        super(source + ": " + reason);
    }
}
