package org.xenolith.xenstore;

/// In whose name a client acts.
///
/// @param domain the client's own domain
/// @param target a domain as which it may act too (SET_TARGET), or [#NO_TARGET]
record Rights(int domain, int target) {
    static final int NO_TARGET = -1;

    /// The control domain, which may do everything.
    static final Rights CONTROL = new Rights(0, NO_TARGET);

    static Rights of(int domain) {
        return new Rights(domain, NO_TARGET);
    }

    boolean isPrivileged() {
        return domain == 0;
    }

    boolean actsFor(int other) {
        return domain == other || target == other;
    }
}
