package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

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

    /// #BR, #NP, #SS, #GP, #PF, #AC.
    private static final Set<Integer> FAULTS = Set.of(5, 11, 12, 13, 14, 17);

    private static final int FSW_C1_AND_EXCEPTIONS = 0x0200 | 0x20;
    private static final int UNDERFLOW = 0x10;

    /// ES, and B, which is its copy.
    private static final int FSW_ERROR_SUMMARY = 0x8080;

    private static final int FSW_TOP = 0x3800;
    private static final int MISALIGNED_EXCEPTION_MASK = 1 << 17;

    private Comparison() {}

    public static String registerName(int index) {
        return NAMES.get(index);
    }

    /// One line for each difference; empty if the outcomes agree.
    public static List<String> differences(CpuCase test, CpuOutcome expected, CpuOutcome actual) {
        var lines = new ArrayList<String>();
        if (isStoppedStore(test, expected, actual) || isOtherFault(test, expected, actual)) {
            return lines;
        }
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
        boolean faulted = expected.vector() != BREAKPOINT && expected.rip() == test.rip();
        boolean partial = test.allowance().partialOnFault() && faulted;
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
        boolean restored =
                faulted
                        && test.allowance().has(Freedom.FLAGS_OF_COMPARED_ELEMENTS)
                        && ((test.rflags() ^ actual.rflags()) & UndefinedFlags.STATUS) == 0;
        flags &= restored ? ~UndefinedFlags.STATUS : -1;
        compare(lines, "rflags", expected.rflags() & flags, actual.rflags() & flags);
        // Linux hides from user programs what is mapped in the kernel's half.
        long hidden =
                expected.vector() == VECTOR_PAGE_FAULT && isKernel(expected.address()) ? 1 : 0;
        boolean elsewhere =
                test.allowance().has(Freedom.FAULT_ADDRESS)
                        && isSmall(expected.address() - actual.address(), 15);
        hidden |= elsewhere ? 1 : 0;
        compare(lines, "error code", expected.errorCode() | hidden, actual.errorCode() | hidden);
        if (expected.vector() == VECTOR_PAGE_FAULT && !elsewhere) {
            compare(lines, "cr2", expected.address(), actual.address());
        }
        for (int i = 0; i < SELECTORS.size(); i++) {
            compare(
                    lines,
                    SELECTORS.get(i),
                    visible(expected.selectors().get(i)),
                    visible(actual.selectors().get(i)));
        }
        boolean partOfStore = faulted && test.allowance().has(Freedom.PART_OF_STORE);
        if (!partial && !partOfStore && !sameMemory(test, expected, actual)) {
            lines.add(
                    "memory: expected "
                            + describe(expected.changes())
                            + ", got "
                            + describe(actual.changes()));
        }
        compareFloating(lines, test, faulted, expected.fxsave(), actual.fxsave());
        return lines;
    }

    private static boolean isStoppedStore(CpuCase test, CpuOutcome expected, CpuOutcome actual) {
        return test.allowance().has(Freedom.FAULT_OF_STOPPED_STORE)
                && expected.vector() != BREAKPOINT
                && expected.rip() == test.rip()
                && actual.vector() == BREAKPOINT
                && actual.changes().isEmpty()
                && (word(actual.fxsave(), FloatingState.FSW) & FSW_ERROR_SUMMARY) != 0;
    }

    private static boolean isOtherFault(CpuCase test, CpuOutcome expected, CpuOutcome actual) {
        boolean different =
                expected.vector() != actual.vector() || expected.address() != actual.address();
        boolean across =
                test.allowance().has(Freedom.ACROSS_4_GIB)
                        && actual.vector() == VECTOR_PAGE_FAULT
                        && actual.address() >>> 6 == 0xFFFF_FFFFL >>> 6;
        return (across || test.allowance().has(Freedom.ORDER_OF_FAULTS))
                && different
                && FAULTS.contains(expected.vector())
                && FAULTS.contains(actual.vector())
                && expected.rip() == test.rip()
                && actual.rip() == test.rip()
                && expected.registers().equals(actual.registers())
                && expected.changes().equals(actual.changes());
    }

    private static boolean sameMemory(CpuCase test, CpuOutcome expected, CpuOutcome actual) {
        if (expected.changes().equals(actual.changes())) {
            return true;
        }
        if (!test.allowance().has(Freedom.MXCSR_MASK)) {
            return false;
        }
        var left = after(test, expected);
        var right = after(test, actual);
        int at = Arrays.mismatch(left, right);
        if (at < 0) {
            return true;
        }
        left[at] ^= MISALIGNED_EXCEPTION_MASK >>> 16;
        return Arrays.equals(left, right);
    }

    private static byte[] after(CpuCase test, CpuOutcome outcome) {
        var bytes = test.initialMemory(Arena.background());
        for (var change : outcome.changes()) {
            System.arraycopy(
                    change.content().toArray(),
                    0,
                    bytes,
                    change.offset(),
                    change.content().length());
        }
        return bytes;
    }

    /// The way back from the host's kernel clears the RPL of a null selector (SDM vol. 2A, IRET).
    private static int visible(int selector) {
        return selector < 4 ? 0 : selector;
    }

    private static boolean isKernel(long address) {
        return Long.compareUnsigned(address, LINUX_USER_END) >= 0;
    }

    private static void compareFloating(
            List<String> lines, CpuCase test, boolean faulted, Bytes expected, Bytes actual) {
        boolean anyStack = faulted && test.allowance().has(Freedom.STACK_AFTER_FAULT);
        long statusMask =
                (test.allowance().approximate() ? ~FSW_C1_AND_EXCEPTIONS : -1)
                        & (anyStack ? ~FSW_TOP : -1)
                        & (test.allowance().has(Freedom.UNDERFLOW_OF_OPERAND)
                                ? ~(UNDERFLOW | FSW_ERROR_SUMMARY)
                                : -1);
        compare(lines, "fcw", word(expected, FloatingState.FCW), word(actual, FloatingState.FCW));
        compare(
                lines,
                "fsw",
                word(expected, FloatingState.FSW) & statusMask,
                word(actual, FloatingState.FSW) & statusMask);
        if (!anyStack) {
            compare(
                    lines,
                    "ftw",
                    expected.get(FloatingState.FTW) & 0xFF,
                    actual.get(FloatingState.FTW) & 0xFF);
        }
        compare(
                lines,
                "mxcsr",
                number(expected, FloatingState.MXCSR, 4),
                number(actual, FloatingState.MXCSR, 4));
        // Where the stacks may be turned, what stands first in each is not the same register.
        int turn = anyStack ? top(actual) - top(expected) : 0;
        for (int i = 0; i < 8; i++) {
            int at = FloatingState.ST0 + 16 * i;
            int other = FloatingState.ST0 + 16 * (i - turn & 7);
            if (!same(expected, at, actual, other, 10)
                    && !closeExtended(test, expected, at, actual, other)) {
                lines.add(
                        "st"
                                + i
                                + ": expected "
                                + describe(expected, at, 10)
                                + ", got "
                                + describe(actual, other, 10));
            }
        }
        for (int i = 0; i < 16; i++) {
            int at = FloatingState.XMM0 + 16 * i;
            if (!same(expected, actual, at, 16)
                    && !(test.allowance().approximate() && closeFloats(expected, actual, at))
                    && !differInNans(test, expected, actual, at)) {
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

    /// Within a unit in the last place of 64 of each other: what the x87 promises of its
    /// transcendental functions (SDM vol. 1, 8.3.10).
    private static boolean closeExtended(
            CpuCase test, Bytes expected, int at, Bytes actual, int other) {
        boolean approximate = test.allowance().approximate();
        boolean free = test.allowance().has(Freedom.UNDERFLOW_OF_OPERAND);
        int units = approximate ? 1 : 0;
        var left = Extended.of(expected, at);
        var right = Extended.of(actual, other);
        if (free && left.wrapped() != right.wrapped()) {
            left = left.normalized();
            right = right.normalized();
        }
        return (approximate || free) && left.isWithin(units, right);
    }

    private static boolean isSmall(long difference, int max) {
        return difference <= max && difference >= -max;
    }

    /// An x87 register. `wrapped`: it is too small for its exponent, which 24576 was added to (SDM
    /// vol. 1, 8.5.5: underflow that is not masked), if it is the result of the case.
    private record Extended(boolean negative, int exponent, long significand, boolean wrapped) {
        static Extended of(Bytes image, int at) {
            int field = word(image, at + 8) & 0x7FFF;
            boolean negative = word(image, at + 8) >= 0x8000;
            int unmasked = word(image, FloatingState.FSW) & ~word(image, FloatingState.FCW);
            boolean wrapped = (unmasked & UNDERFLOW) != 0;
            int exponent = wrapped ? field - 24576 : Math.max(field, 1);
            return new Extended(negative, exponent, number(image, at, 8), wrapped);
        }

        Extended normalized() {
            int shift = Long.numberOfLeadingZeros(significand);
            return shift == 64
                    ? this
                    : new Extended(negative, exponent - shift, significand << shift, wrapped);
        }

        boolean isWithin(int units, Extended other) {
            return negative == other.negative
                    && switch (exponent - other.exponent) {
                        case 0 -> isSmall(significand - other.significand, units);
                        case 1 -> isNext(units, significand, other.significand);
                        case -1 -> isNext(units, other.significand, significand);
                        default -> false;
                    };
        }

        /// Whether a significand is the lowest, and that of the exponent below the highest, almost.
        private static boolean isNext(int units, long upper, long lower) {
            return Long.compareUnsigned(upper ^ Long.MIN_VALUE, units) <= 0
                    && Long.compareUnsigned(-lower, units) <= 0;
        }
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

    /// Whether the lanes that differ are quiet NaNs on both sides, and may be any.
    private static boolean differInNans(CpuCase test, Bytes expected, Bytes actual, int at) {
        int bytes =
                test.allowance().freedoms().stream().mapToInt(Freedom::laneBytes).max().orElse(0);
        if (bytes == 0) {
            return false;
        }
        for (int lane = at; lane < at + 16; lane += bytes) {
            if (!same(expected, actual, lane, bytes)
                    && !(isQuietNan(expected, lane, bytes) && isQuietNan(actual, lane, bytes))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isQuietNan(Bytes image, int at, int bytes) {
        long quiet = bytes == 4 ? 0x7FC0_0000L : 0x7FF8_0000_0000_0000L;
        return (number(image, at, bytes) & quiet) == quiet;
    }

    private static void compare(List<String> lines, String name, long expected, long actual) {
        if (expected != actual) {
            lines.add(name + ": expected " + hex(expected) + ", got " + hex(actual));
        }
    }

    private static int top(Bytes image) {
        return word(image, FloatingState.FSW) >> 11 & 7;
    }

    private static boolean same(Bytes left, Bytes right, int at, int length) {
        return same(left, at, right, at, length);
    }

    private static boolean same(Bytes left, int leftAt, Bytes right, int rightAt, int length) {
        for (int i = 0; i < length; i++) {
            if (left.get(leftAt + i) != right.get(rightAt + i)) {
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
