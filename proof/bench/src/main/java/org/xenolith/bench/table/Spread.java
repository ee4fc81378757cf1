package org.xenolith.bench.table;

import java.util.Arrays;

/// The middle and the ends of some numbers.
public record Spread(double median, double least, double most) {
    /// Of at least one number.
    public static Spread of(double... numbers) {
        var sorted = numbers.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        double median =
                sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    /// How far the ends are apart, in parts of the middle.
    double width() {
        return (most - least) / median;
    }

    static double geometricMean(double... numbers) {
        return Math.exp(Arrays.stream(numbers).map(Math::log).average().orElse(Double.NaN));
    }
}
