package org.xenolith.pv.xenbus;

/// A front end has published what cannot be connected to. The message says which node and why.
public final class XenbusException extends Exception {
    private static final long serialVersionUID = 1L;

    public XenbusException(String message) {
        super(message);
    }
}
