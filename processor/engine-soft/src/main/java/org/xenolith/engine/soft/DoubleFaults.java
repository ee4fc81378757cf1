package org.xenolith.engine.soft;

import org.xenolith.x86.Trap;

/// Which exceptions, one during the delivery of another, make a double fault (SDM vol. 3A, 7.15,
/// tables 7-4 and 7-5).
final class DoubleFaults {
    private DoubleFaults() {}

    static boolean makesDoubleFault(int first, int second) {
        if (first == Trap.DOUBLE_FAULT) {
            return true;
        }
        if (first == Trap.PAGE_FAULT) {
            return second == Trap.PAGE_FAULT || isContributory(second);
        }
        return isContributory(first) && isContributory(second);
    }

    private static boolean isContributory(int vector) {
        return vector == Trap.DIVIDE_ERROR
                || vector >= Trap.INVALID_TSS && vector <= Trap.GENERAL_PROTECTION;
    }
}
