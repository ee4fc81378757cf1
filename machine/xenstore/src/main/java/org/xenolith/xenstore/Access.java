package org.xenolith.xenstore;

/// What a domain may do with a node.
public enum Access {
    NONE('n', 0),
    READ('r', 1),
    WRITE('w', 2),
    BOTH('b', 3);

    private final char letter;
    private final int rights;

    Access(char letter, int rights) {
        this.letter = letter;
        this.rights = rights;
    }

    /// How the access is spelled on the wire.
    public char letter() {
        return letter;
    }

    /// Whether whoever has this access has all of `needed`.
    public boolean allows(Access needed) {
        return (rights & needed.rights) == needed.rights;
    }
}
