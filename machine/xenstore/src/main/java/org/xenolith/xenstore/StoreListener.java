package org.xenolith.xenstore;

/// Hears of changes, in this process and as the control domain.
@FunctionalInterface
public interface StoreListener {
    /// Something happened to `path`, which is the watched node or lies below it; or the special
    /// event of that name. Called on the thread that made the change, with no lock held, possibly
    /// on several threads at a time and without need: look at the store to learn what is so now.
    void changed(String path);
}
