package org.xenolith.xtf;

import java.util.regex.Pattern;

/// How a test ended: the framework's own results, and what it cannot say itself.
public enum Verdict {
    SUCCESS,
    /// What it tests is not there.
    SKIP,
    /// The test could not do its work.
    ERROR,
    /// What it tests is wrong.
    FAILURE,
    /// It ended without a result: it has panicked, or its processor has stopped.
    CRASH,
    /// It did not end in time.
    HANG,
    /// It brought the machine down that it ran on.
    BROKEN;

    private static final Pattern RESULT = Pattern.compile("Test result: ([A-Z]+)");

    /// The last result that a test's console shows; CRASH if there is none.
    static Verdict of(String console) {
        var verdict = CRASH;
        var matcher = RESULT.matcher(console);
        while (matcher.find()) {
            verdict =
                    switch (matcher.group(1)) {
                        case "SUCCESS" -> SUCCESS;
                        case "SKIP" -> SKIP;
                        case "ERROR" -> ERROR;
                        case "FAILURE" -> FAILURE;
                        default -> CRASH;
                    };
        }
        return verdict;
    }

    /// Nothing is wrong.
    public boolean isGood() {
        return this == SUCCESS || this == SKIP;
    }

    /// Whatever a guest does, it must not come to this.
    public boolean isIntolerable() {
        return this == HANG || this == BROKEN;
    }
}
