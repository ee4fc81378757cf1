package org.xenolith.bench.table;

/// A row of the table.
///
/// @param meaning what one operation is
/// @param unit of the time that one operation takes
/// @param operations how many a round of the guest's program has
/// @param firstRounds with how many rounds the trial begins; 0 if the row is no program's
/// @param floor how good it must be, as `measure` says; 0 for no floor
public record Row(
        Group group,
        String name,
        String meaning,
        Unit unit,
        int operations,
        long firstRounds,
        Instructions instructions,
        double floor) {

    /// Whose instructions can be told.
    public enum Instructions {
        NOBODYS,
        /// The guest's code depends on what it finds, so our count says nothing about TCG.
        OURS,
        /// The same code runs on both, so our count is TCG's too.
        BOTH
    }

    /// Whether it is a program's in the guest.
    public boolean isProgram() {
        return firstRounds > 0;
    }

    /// Of a row that scales, the row whose work is done.
    public String work() {
        return group == Group.SCALING ? name.substring(0, name.indexOf('-')) : name;
    }

    /// The time of one operation, when `rounds` have taken `nanos`.
    public double perOperation(double nanos, long rounds) {
        return unit.of(nanos / ((double) rounds * operations));
    }

    /// What the floor is a floor of: the ratio, or of a row that scales our own factor.
    double measure(double ours, double ratio) {
        return unit == Unit.FACTOR ? ours : ratio;
    }
}
