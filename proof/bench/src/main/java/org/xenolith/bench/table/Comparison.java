package org.xenolith.bench.table;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/// A row's samples on both hypervisors; those at the same place were taken one after the other. At
/// least one of each.
public record Comparison(Row row, List<Sample> ours, List<Sample> theirs) {
    public Comparison {
        ours = List.copyOf(ours);
        theirs = List.copyOf(theirs);
        if (ours.isEmpty() || ours.size() != theirs.size()) {
            throw new IllegalArgumentException("samples come in pairs");
        }
    }

    /// How many times as good ours is as theirs, pair by pair.
    Spread ratio() {
        return Spread.of(
                IntStream.range(0, ours.size())
                        .mapToDouble(
                                i -> row.unit().ratio(ours.get(i).value(), theirs.get(i).value()))
                        .toArray());
    }

    Spread ourValue() {
        return spread(ours, Sample::value);
    }

    Spread theirValue() {
        return spread(theirs, Sample::value);
    }

    double ourCold() {
        return spread(ours, Sample::cold).median();
    }

    double theirCold() {
        return spread(theirs, Sample::cold).median();
    }

    /// Millions of guest instructions in a second; NaN where they cannot be told.
    double ourMips() {
        return row.instructions() == Row.Instructions.NOBODYS ? Double.NaN : mips(ours);
    }

    /// The same of theirs, who do as many.
    double theirMips() {
        return row.instructions() == Row.Instructions.BOTH ? mips(theirs) : Double.NaN;
    }

    private double mips(List<Sample> whose) {
        double instructions = spread(ours, Sample::instructions).median();
        double nanos = spread(whose, Sample::nanos).median();
        return instructions == 0 ? Double.NaN : instructions * 1e3 / nanos;
    }

    private static Spread spread(List<Sample> samples, ToDoubleFunction<Sample> part) {
        return Spread.of(samples.stream().mapToDouble(part).toArray());
    }

    /// Whether the guests have computed different things.
    public boolean isWrong() {
        var sum = ours.getFirst().sum();
        return !ours.stream().allMatch(sample -> sample.sum().equals(sum))
                || !theirs.stream().allMatch(sample -> sample.sum().equals(sum));
    }

    boolean reachesFloor() {
        return row.measure(ourValue().median(), ratio().median()) >= row.floor();
    }
}
