package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.List;

/// Says how two outcomes of a case differ, leaving out what the manual leaves undefined.
public final class Comparison {
    private static final List<String> NAMES =
            List.of(
                    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10",
                    "r11", "r12", "r13", "r14", "r15");
    private static final List<String> SELECTORS = List.of("cs", "ss", "ds", "es", "fs", "gs");
    private static final long RESUME = 1 << 16;
    private static final int BREAKPOINT = 3;
    private static final long LINUX_USER_END = 0x7FFF_FFFF_F000L;
    private static final int VECTOR_PAGE_FAULT = 14;
    private static final int FSW_C1_AND_EXCEPTIONS = 0x0200 | 0x20;

    private Comparison() {}

    public static String registerName(int index) {
        return NAMES.get(index);
    }

    /// One line for each difference; empty if the outcomes agree.
    public static List<String> differences(CpuCase test, CpuOutcome expected, CpuOutcome actual) {
        var lines = new ArrayList<String>();
        if (expected.vector() != actual.vector()) {
            lines.add(
                    "vector: expected "
                            + expected.vector()
                            + " at rip "
                            + hex(expected.rip())
                            + ", got "
                            + actual.vector()
                            + " at rip "
                            + hex(actual.rip()));
            return lines;
        }
        boolean partial =
                test.allowance().partialOnFault()
                        && expected.vector() != BREAKPOINT
                        && expected.rip() == test.rip();
        // Outside 64-bit mode, also where a case has gone there, high halves are undefined.
        boolean to64 = expected.selectors().getFirst() == CodeMode.LONG.selector();
        long width = test.compatibility() || !to64 ? 0xFFFF_FFFFL : -1;
        for (int i = 0; i < (test.compatibility() ? 8 : 16) && !partial; i++) {
            compare(
                    lines,
                    NAMES.get(i),
                    expected.registers().get(i) & width,
                    actual.registers().get(i) & width);
        }
        compare(lines, "rip", expected.rip(), actual.rip());
        compare(lines, "fs base", expected.fsBase(), actual.fsBase());
        compare(lines, "gs base", expected.gsBase(), actual.gsBase());
        long flags = ~(test.allowance().undefinedFlags() | RESUME);
        compare(lines, "rflags", expected.rflags() & flags, actual.rflags() & flags);
        // Linux hides from user programs what is mapped in the kernel's half.
        long hidden =
                expected.vector() == VECTOR_PAGE_FAULT && isKernel(expected.address()) ? 1 : 0;
        compare(lines, "error code", expected.errorCode() | hidden, actual.errorCode() | hidden);
        if (expected.vector() == VECTOR_PAGE_FAULT) {
            compare(lines, "cr2", expected.address(), actual.address());
        }
        for (int i = 0; i < SELECTORS.size(); i++) {
            compare(
                    lines,
                    SELECTORS.get(i),
                    visible(expected.selectors().get(i)),
                    visible(actual.selectors().get(i)));
        }
        if (!partial && !expected.changes().equals(actual.changes())) {
            lines.add(
                    "memory: expected "
                            + describe(expected.changes())
                            + ", got "
                            + describe(actual.changes()));
        }
        compareFloating(lines, test, expected.fxsave(), actual.fxsave());
        return lines;
    }

    /// The way back from the host's kernel clears the RPL of a null selector (SDM vol. 2A, IRET).
    private static int visible(int selector) {
        return selector < 4 ? 0 : selector;
    }

    private static boolean isKernel(long address) {
        return Long.compareUnsigned(address, LINUX_USER_END) >= 0;
    }

    private static void compareFloating(
            List<String> lines, CpuCase test, Bytes expected, Bytes actual) {
        long statusMask = test.allowance().approximate() ? ~FSW_C1_AND_EXCEPTIONS : -1;
        compare(lines, "fcw", word(expected, FloatingState.FCW), word(actual, FloatingState.FCW));
        compare(
                lines,
                "fsw",
                word(expected, FloatingState.FSW) & statusMask,
                word(actual, FloatingState.FSW) & statusMask);
        compare(
                lines,
                "ftw",
                expected.get(FloatingState.FTW) & 0xFF,
                actual.get(FloatingState.FTW) & 0xFF);
        compare(
                lines,
                "mxcsr",
                number(expected, FloatingState.MXCSR, 4),
                number(actual, FloatingState.MXCSR, 4));
        for (int i = 0; i < 8; i++) {
            int at = FloatingState.ST0 + 16 * i;
            if (!same(expected, actual, at, 10)
                    && !(test.allowance().approximate() && closeExtended(expected, actual, at))) {
                lines.add(
                        "st"
                                + i
                                + ": expected "
                                + describe(expected, at, 10)
                                + ", got "
                                + describe(actual, at, 10));
            }
        }
        for (int i = 0; i < 16; i++) {
            int at = FloatingState.XMM0 + 16 * i;
            if (!same(expected, actual, at, 16)
                    && !(test.allowance().approximate() && closeFloats(expected, actual, at))) {
                lines.add(
                        "xmm"
                                + i
                                + ": expected "
                                + describe(expected, at, 16)
                                + ", got "
                                + describe(actual, at, 16));
            }
        }
    }

    /// Within 2^-60 of each other relatively: what the x87 promises of its transcendental functions
    /// is one unit in the last place of 64.
    private static boolean closeExtended(Bytes expected, Bytes actual, int at) {
        int exponents = word(expected, at + 8) - word(actual, at + 8);
        long left = number(expected, at, 8);
        long right = number(actual, at, 8);
        return switch (exponents) {
            case 0 -> Math.abs(left - right) <= 16;
            case 1 ->
                    Long.compareUnsigned(left ^ Long.MIN_VALUE, 16) <= 0
                            && Long.compareUnsigned(-right, 16) <= 0;
            case -1 ->
                    Long.compareUnsigned(right ^ Long.MIN_VALUE, 16) <= 0
                            && Long.compareUnsigned(-left, 16) <= 0;
            default -> false;
        };
    }

    /// Four lanes within 1.5 x 2^-12 relatively of the true value, so 2^-10.4 of each other.
    private static boolean closeFloats(Bytes expected, Bytes actual, int at) {
        for (int lane = at; lane < at + 16; lane += 4) {
            int left = (int) number(expected, lane, 4);
            int right = (int) number(actual, lane, 4);
            float a = Float.intBitsToFloat(left);
            float b = Float.intBitsToFloat(right);
            if (left != right && !(Math.abs(a - b) <= Math.abs(a) * 0x1p-10f)) {
                return false;
            }
        }
        return true;
    }

    private static void compare(List<String> lines, String name, long expected, long actual) {
        if (expected != actual) {
            lines.add(name + ": expected " + hex(expected) + ", got " + hex(actual));
        }
    }

    private static boolean same(Bytes left, Bytes right, int at, int length) {
        for (int i = at; i < at + length; i++) {
            if (left.get(i) != right.get(i)) {
                return false;
            }
        }
        return true;
    }

    private static int word(Bytes bytes, int at) {
        return (int) number(bytes, at, 2);
    }

    private static long number(Bytes bytes, int at, int length) {
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = value << 8 | bytes.get(at + i) & 0xFF;
        }
        return value;
    }

    private static String describe(Bytes bytes, int at, int length) {
        var text = new StringBuilder();
        for (int i = length - 1; i >= 0; i--) {
            text.append("%02x".formatted(bytes.get(at + i)));
        }
        return text.toString();
    }

    private static String describe(List<MemoryPatch> changes) {
        if (changes.isEmpty()) {
            return "no change";
        }
        var text = new StringBuilder();
        for (var change : changes) {
            text.append(text.isEmpty() ? "" : " ").append("%04x:".formatted(change.offset()));
            for (int i = 0; i < Math.min(64, change.content().length()); i++) {
                text.append("%02x".formatted(change.content().get(i)));
            }
        }
        return text.toString();
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
