package org.xenolith.pv.xenbus;

import org.xenolith.xenstore.XenStore;

import java.util.Optional;

/// What a front end has published. The guest can change it at any time: each node is read once.
public final class FrontendNodes {
    private static final int DIGITS_MAX = 10;

    private final XenStore store;
    private final String path;

    FrontendNodes(XenStore store, String path) {
        this.store = store;
        this.path = path;
    }

    public Optional<String> text(String name) {
        return store.read(path + "/" + name);
    }

    /// A decimal number from 0 to `most`; empty if there is no such node.
    public Optional<Integer> number(String name, int most) throws XenbusException {
        var text = text(name).map(String::strip);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        var digits = text.get();
        boolean decimal =
                !digits.isEmpty()
                        && digits.length() <= DIGITS_MAX
                        && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!decimal || Long.parseLong(digits) > most) {
            throw new XenbusException("%s must be a number from 0 to %d".formatted(name, most));
        }
        return Optional.of(Integer.parseInt(digits));
    }

    /// The same for a node that must be there.
    public int requiredNumber(String name, int most) throws XenbusException {
        return number(name, most).orElseThrow(() -> new XenbusException(name + " is missing"));
    }

    /// Whether a `feature-*` node is there and not 0.
    public boolean flag(String name) throws XenbusException {
        return number(name, 1).orElse(0) == 1;
    }
}
