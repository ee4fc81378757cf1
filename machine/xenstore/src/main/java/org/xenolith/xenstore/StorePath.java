package org.xenolith.xenstore;

import java.util.Arrays;
import java.util.List;

/// An absolute path of the store, or the name of a special watch (`@introduceDomain`,
/// `@releaseDomain`, either with `/<domid>`). Every instance is well-formed.
///
/// @param text the path as it travels: `/`, `/local/domain/3`, `@releaseDomain`
record StorePath(String text) implements Comparable<StorePath> {
    /// `XENSTORE_ABS_PATH_MAX`, in bytes.
    static final int ABSOLUTE_BYTES_MAX = 3072;

    /// `XENSTORE_REL_PATH_MAX`, in bytes.
    static final int RELATIVE_BYTES_MAX = 2048;

    static final StorePath ROOT = new StorePath("/");
    static final StorePath INTRODUCE_DOMAIN = new StorePath("@introduceDomain");
    static final StorePath RELEASE_DOMAIN = new StorePath("@releaseDomain");

    StorePath {
        if (!isWellFormed(text)) {
            throw new IllegalArgumentException("\"" + text + "\" is not a xenstore path");
        }
    }

    /// The path that `domain` means by `raw`, which may be relative to the domain's own.
    static Outcome<StorePath> parse(String raw, int domain) {
        boolean relative = isRelative(raw);
        int most = relative ? RELATIVE_BYTES_MAX : ABSOLUTE_BYTES_MAX;
        var text = relative ? ofDomain(domain) + "/" + raw : raw;
        if (raw.isEmpty() || raw.length() > most || !isWellFormed(text)) {
            return Outcome.refused(StoreError.EINVAL);
        }
        return Outcome.done(new StorePath(text));
    }

    static boolean isRelative(String raw) {
        return !raw.startsWith("/") && !raw.startsWith("@");
    }

    /// Where a domain's relative paths begin.
    static String ofDomain(int domain) {
        return "/local/domain/" + domain;
    }

    private static boolean isWellFormed(String text) {
        if (text.equals("/")) {
            return true;
        }
        if (text.isEmpty() || text.length() > ABSOLUTE_BYTES_MAX || text.endsWith("/")) {
            return false;
        }
        if (text.charAt(0) != '/' && text.charAt(0) != '@' || text.contains("//")) {
            return false;
        }
        return text.chars().allMatch(StorePath::isAllowed);
    }

    private static boolean isAllowed(int c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '/'
                || c == '_'
                || c == '@';
    }

    /// Whether this names a special watch and not a node of the tree.
    boolean isSpecial() {
        return text.charAt(0) == '@';
    }

    boolean isRoot() {
        return text.equals("/");
    }

    /// The names on the way from the root; a special path has its own root.
    List<String> names() {
        if (isRoot()) {
            return List.of();
        }
        return Arrays.asList((isSpecial() ? text : text.substring(1)).split("/"));
    }

    /// The path one level up; the root's is the root.
    StorePath parent() {
        int slash = text.lastIndexOf('/');
        if (slash < 0) {
            return this;
        }
        return slash == 0 ? ROOT : new StorePath(text.substring(0, slash));
    }

    /// The path of the first `levels` names of this one.
    StorePath prefix(int levels) {
        int end = 0;
        for (int level = 0; level < levels; level++) {
            int next = text.indexOf('/', end + 1);
            end = next < 0 ? text.length() : next;
        }
        return end == 0 ? ROOT : new StorePath(text.substring(0, end));
    }

    StorePath child(String name) {
        return new StorePath(isRoot() ? "/" + name : text + "/" + name);
    }

    /// Whether this is `ancestor` or lies below it.
    boolean isWithin(StorePath ancestor) {
        if (ancestor.isRoot()) {
            return !isSpecial();
        }
        return text.startsWith(ancestor.text)
                && (text.length() == ancestor.text.length()
                        || text.charAt(ancestor.text.length()) == '/');
    }

    /// How many levels this lies below `ancestor`, which it is within.
    int levelsBelow(StorePath ancestor) {
        return names().size() - ancestor.names().size();
    }

    @Override
    public int compareTo(StorePath other) {
        return text.compareTo(other.text);
    }

    @Override
    public String toString() {
        return text;
    }
}
