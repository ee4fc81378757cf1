package org.xenolith.xenstore;

import static org.xenolith.state.StateException.require;

import java.util.ArrayList;
import java.util.List;

/// Who may use a node. Part of the store's state.
///
/// @param owner the domain that may do everything, and changes the permissions
/// @param others what domains may do that have no entry of their own
/// @param entries domains with rights of their own; the first entry of a domain counts
public record Permissions(int owner, Access others, List<Entry> entries) {
    /// The largest number that the protocol takes for a domain.
    public static final int DOMAIN_MAX = 65535;

    /// Only the control domain, as the root has it.
    static final Permissions CONTROL_ONLY = new Permissions(0, Access.NONE, List.of());

    /// The rights of one domain.
    public record Entry(int domain, Access access) {
        public Entry {
            require(domain >= 0 && domain <= DOMAIN_MAX, "a permission's domain is 0 to 65535");
        }
    }

    public Permissions {
        require(owner >= 0 && owner <= DOMAIN_MAX, "a node's owner is 0 to 65535");
        entries = List.copyOf(entries);
    }

    /// Owned by `owner`, open to nobody else.
    public static Permissions ownedBy(int owner) {
        return new Permissions(owner, Access.NONE, List.of());
    }

    /// These permissions with one more entry.
    public Permissions with(int domain, Access access) {
        var more = new ArrayList<>(entries);
        more.add(new Entry(domain, access));
        return new Permissions(owner, others, more);
    }

    Permissions ownedInsteadBy(int newOwner) {
        return new Permissions(newOwner, others, entries);
    }

    /// Without the entries of a domain that is gone.
    Permissions without(int domain) {
        var rest = entries.stream().filter(entry -> entry.domain != domain).toList();
        return rest.size() == entries.size() ? this : new Permissions(owner, others, rest);
    }

    /// How many entries there are on the wire, the owner's included.
    int count() {
        return entries.size() + 1;
    }

    boolean allow(Rights who, Access needed) {
        return accessOf(who).allows(needed);
    }

    private Access accessOf(Rights who) {
        if (who.isPrivileged() || who.actsFor(owner)) {
            return Access.BOTH;
        }
        for (var entry : entries) {
            if (who.actsFor(entry.domain)) {
                return entry.access;
            }
        }
        return others;
    }

    /// The spelling of the wire, in order: the owner with what others may do, then the entries.
    public List<String> spelled() {
        var words = new ArrayList<String>();
        words.add(others.letter() + Integer.toString(owner));
        entries.forEach(entry -> words.add(entry.access.letter() + Integer.toString(entry.domain)));
        return words;
    }

    /// Reads what [#spelled] writes.
    static Outcome<Permissions> parse(List<String> words) {
        var entries = new ArrayList<Entry>();
        for (var word : words) {
            var access = word.isEmpty() ? null : accessSpelled(word.charAt(0));
            int domain = word.isEmpty() ? -1 : Decimal.parse(word.substring(1), DOMAIN_MAX);
            if (access == null || domain < 0) {
                return Outcome.refused(StoreError.EINVAL);
            }
            entries.add(new Entry(domain, access));
        }
        if (entries.isEmpty()) {
            return Outcome.refused(StoreError.EINVAL);
        }
        var first = entries.removeFirst();
        return Outcome.done(new Permissions(first.domain, first.access, entries));
    }

    private static Access accessSpelled(char letter) {
        for (var access : Access.values()) {
            if (access.letter() == letter) {
                return access;
            }
        }
        return null;
    }
}
