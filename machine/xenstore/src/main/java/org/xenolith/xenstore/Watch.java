package org.xenolith.xenstore;

import java.util.Optional;

/// A client's wish to hear of changes.
///
/// @param path the node to watch, with all that is below it; or a special watch
/// @param token what the client recognises its watch by
/// @param depth how many levels below `path` count, or [#ANY_DEPTH]
/// @param relativeTo what to cut off the paths of events, for a watch that was set with a relative
///   path; else empty
record Watch(StorePath path, String token, int depth, String relativeTo) {
    static final int ANY_DEPTH = -1;

    /// What identifies a watch among those of one client.
    record Key(StorePath path, String token) {}

    Key key() {
        return new Key(path, token);
    }

    /// The path to report to a client that acts as `who`, if the client is to hear of `change`.
    Optional<String> reports(Rights who, Change change) {
        if (path.isSpecial()) {
            return Optional.empty();
        }
        if (change.path().isWithin(path)) {
            boolean counts = depth == ANY_DEPTH || change.path().levelsBelow(path) <= depth;
            return reported(who, change, change.path()).filter(any -> counts);
        }
        boolean swept =
                path.isWithin(change.path())
                        && change.isRemoval()
                        && change.before().find(path) != null;
        return swept ? reported(who, change, path) : Optional.empty();
    }

    private Optional<String> reported(Rights who, Change change, StorePath subject) {
        boolean permitted =
                change.after().mayHearOf(who, subject) || change.before().mayHearOf(who, subject);
        return permitted ? Optional.of(shown(subject)) : Optional.empty();
    }

    /// The path to report when the special event `special` happens to `domain`.
    Optional<String> reportsSpecial(Rights who, Tree tree, StorePath special, int domain) {
        var node = tree.find(special);
        if (node == null || !node.permissions().allow(who, Access.READ)) {
            return Optional.empty();
        }
        var ofDomain = special.text() + "/" + domain;
        if (path.equals(special)) {
            return Optional.of(depth == 1 ? ofDomain : special.text());
        }
        return path.text().equals(ofDomain) ? Optional.of(ofDomain) : Optional.empty();
    }

    /// How the client spells `subject`, which is within the watched path.
    String shown(StorePath subject) {
        return relativeTo.isEmpty()
                ? subject.text()
                : subject.text().substring(relativeTo.length() + 1);
    }
}
