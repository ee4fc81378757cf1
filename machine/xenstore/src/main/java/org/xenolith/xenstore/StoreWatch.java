package org.xenolith.xenstore;

/// A watch of a [StoreListener]; lasts until it is closed. A call that is under way may still
/// arrive after that.
public interface StoreWatch extends AutoCloseable {
    @Override
    void close();
}
