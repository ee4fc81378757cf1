package org.xenolith.xl;

/// Sizes as `qemu-img` reads and prints them: powers of 1024.
final class ByteSize {
    private static final String SUFFIXES = "BKMGTPE";
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private ByteSize() {}

    /// A whole number of bytes, or of what the suffix says.
    static long parse(String text) throws UsageException {
        if (!text.matches("[0-9]{1,18}[bkKmMgGtTpPeE]?")) {
            throw new UsageException("not a size: \"" + text + "\"; 512M and 10G are");
        }
        char last = Character.toUpperCase(text.charAt(text.length() - 1));
        int power = SUFFIXES.indexOf(last);
        long number = Long.parseLong(power < 0 ? text : text.substring(0, text.length() - 1));
        try {
            return Math.multiplyExact(number, 1L << 10 * Math.max(0, power));
        } catch (ArithmeticException e) {
            throw new UsageException("\"" + text + "\" is too large");
        }
    }

    /// Three digits, and a unit.
    static String print(long bytes) {
        int power = 0;
        double value = bytes;
        while (value >= 1000 && power < UNITS.length - 1) {
            value /= 1024;
            power++;
        }
        var digits = new java.math.BigDecimal(value).round(new java.math.MathContext(3));
        return digits.stripTrailingZeros().toPlainString() + " " + UNITS[power];
    }
}
