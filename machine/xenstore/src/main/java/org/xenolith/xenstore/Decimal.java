package org.xenolith.xenstore;

/// Numbers as clients spell them.
final class Decimal {
    /// Digits of the largest `int`.
    private static final int DIGITS_MAX = 10;

    private Decimal() {}

    /// The number that `digits` spell; -1 if they spell none, or one above `most`.
    static int parse(String digits, int most) {
        if (digits.isEmpty() || digits.length() > DIGITS_MAX) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char digit = digits.charAt(i);
            if (digit < '0' || digit > '9') {
                return -1;
            }
            value = value * 10 + digit - '0';
        }
        return value > most ? -1 : (int) value;
    }
}
