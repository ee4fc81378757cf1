package org.xenolith.xenstore;

/// A change that has happened, as watches see it.
///
/// @param path what was changed, or the top of what was removed
/// @param before the store just before
/// @param after the store just after
record Change(StorePath path, Tree before, Tree after) {
    boolean isRemoval() {
        return after.find(path) == null;
    }
}
