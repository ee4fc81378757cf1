package org.xenolith.maker;

/// Is told how far the making of a guest is, from one thread at a time.
@FunctionalInterface
public interface Progress {
    /// @param what is being done, in a few words
    /// @param part of all the work that is done, from 0 to 1; never less than before
    void at(String what, double part);
}
