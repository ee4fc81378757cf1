package org.xenolith.bench.table;

/// What one run of a row has given.
///
/// @param value in the row's unit, after a warm-up
/// @param cold in the row's unit, the first time that the guest did it; NaN if there is no such
/// @param nanos what `value` was computed from
/// @param instructions of the guest in that time, 0 where nobody counts
/// @param sum what the guest has computed
public record Sample(double value, double cold, double nanos, double instructions, String sum) {
    /// A sample that is nothing but a value.
    public static Sample of(double value, String sum) {
        return new Sample(value, Double.NaN, Double.NaN, 0, sum);
    }
}
