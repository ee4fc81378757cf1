package org.xenolith.xl;

import org.xenolith.xl.control.ControlException;

import java.util.ArrayList;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Processors of the host as xl writes them: `0,2-5,^3`, or `all`. An empty set is all of them.
final class CpuRange {
    /// More than any host has; what is beyond is a mistake.
    private static final int PROCESSOR_MAX = 8191;

    private static final Pattern PART = Pattern.compile("(\\^?)([0-9]{1,4})(?:-([0-9]{1,4}))?");

    private CpuRange() {}

    static SortedSet<Integer> parse(String text) throws ControlException {
        var processors = new TreeSet<Integer>();
        if (text.equals("all")) {
            return processors;
        }
        for (var part : text.split(",", -1)) {
            var form = PART.matcher(part);
            if (!form.matches()) {
                throw new ControlException("invalid pcpu range: " + part);
            }
            int first = Integer.parseInt(form.group(2));
            int last = form.group(3) == null ? first : Integer.parseInt(form.group(3));
            if (first > last || last > PROCESSOR_MAX) {
                throw new ControlException("invalid pcpu range: " + part);
            }
            for (int processor = first; processor <= last; processor++) {
                if (form.group(1).isEmpty()) {
                    processors.add(processor);
                } else {
                    processors.remove(processor);
                }
            }
        }
        if (processors.isEmpty()) {
            throw new ControlException("vcpu affinity map is empty: " + text);
        }
        return processors;
    }

    static String format(SortedSet<Integer> processors) {
        if (processors.isEmpty()) {
            return "all";
        }
        var parts = new ArrayList<String>();
        var rest = new TreeSet<>(processors);
        while (!rest.isEmpty()) {
            int first = rest.pollFirst();
            int last = first;
            while (rest.remove(last + 1)) {
                last++;
            }
            parts.add(first == last ? Integer.toString(first) : first + "-" + last);
        }
        return String.join(",", parts);
    }
}
