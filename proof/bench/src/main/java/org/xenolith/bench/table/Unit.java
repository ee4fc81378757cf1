package org.xenolith.bench.table;

/// In what a row is told.
public enum Unit {
    SECONDS("s", 1e9),
    MICROS("µs", 1e3),
    NANOS("ns", 1),
    /// How many times as much two vCPUs do as one. More is better.
    FACTOR("x", 1);

    private final String symbol;
    private final double nanos;

    Unit(String symbol, double nanos) {
        this.symbol = symbol;
        this.nanos = nanos;
    }

    public String symbol() {
        return symbol;
    }

    public double of(double time) {
        return time / nanos;
    }

    /// How many times as good `ours` is as `theirs`.
    double ratio(double ours, double theirs) {
        return this == FACTOR ? ours / theirs : theirs / ours;
    }
}
