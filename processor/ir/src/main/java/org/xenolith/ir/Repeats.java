package org.xenolith.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a helper that does elements of a string one after the other, for compilers that cannot call
/// it. Its number is the width of an element in bits; the rest is in the register slots that are
/// named here, whose 64 bits are linear addresses and a count.
///
/// Where addresses grow and the next element is within one page of 4 KiB, or within one page each,
/// it stops at that page's end, or at the first of the two. Elsewhere it may stop between any two
/// elements. The registers are then as they are there; who calls it goes on until the count is
/// zero.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Repeats {
    /// Where an element comes from.
    Source source();

    /// The slot of its address, or of its value in the low bits.
    int from();

    /// The slot of the address that it goes to.
    int to();

    /// The slot of how many elements are left.
    int count();

    /// The slot that holds 1 if addresses grow from element to element, -1 if they fall.
    int direction();

    enum Source {
        MEMORY,
        REGISTER
    }
}
