package org.xenolith.ir;

/// How flags follow from a value where an operation sets CF, and perhaps OF, and leaves the other
/// status flags as they are.
public enum CarryRule {
    /// The lowest bit of the value is CF.
    VALUE,
    /// The value is the result of a rotation to the left, whose lowest bit is CF; OF is CF and the
    /// highest bit, exclusive or.
    ROTATE_LEFT,
    /// The value is the result of a rotation to the right, whose highest bit is CF; OF is the two
    /// highest bits, exclusive or.
    ROTATE_RIGHT;

    private static final CarryRule[] VALUES = values();

    public static CarryRule ofOrdinal(int ordinal) {
        return VALUES[ordinal];
    }
}
