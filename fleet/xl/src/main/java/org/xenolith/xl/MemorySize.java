package org.xenolith.xl;

import org.xenolith.xl.control.ControlException;

import java.util.Locale;
import java.util.regex.Pattern;

/// An amount of memory as `xl mem-set` takes it: MiB, or what a letter says.
final class MemorySize {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,18})([bkmgtBKMGT]?)");

    /// KiB in the unit of a letter, as powers of two.
    private static final String UNITS = "kmgt";

    private MemorySize() {}

    /// KiB, rounded down.
    static long parseKib(String text) throws ControlException {
        var form = FORM.matcher(text);
        if (!form.matches()) {
            throw new ControlException("invalid memory size: " + text);
        }
        long count = Long.parseLong(form.group(1));
        var unit = form.group(2).toLowerCase(Locale.ROOT);
        if (unit.equals("b")) {
            return count >> 10;
        }
        int shift = 10 * UNITS.indexOf(unit.isEmpty() ? "m" : unit);
        if (count > Long.MAX_VALUE >> shift) {
            throw new ControlException("invalid memory size: " + text + " is too large");
        }
        return count << shift;
    }
}
