package org.xenolith.pv;

/// Takes what people type: the way from a console's clients into the guest.
@FunctionalInterface
public interface ConsoleInput {
    /// Takes as many of `bytes`, from the front, as there is room for; returns how many. Does not
    /// wait. May be called from any thread.
    int accept(byte[] bytes);
}
