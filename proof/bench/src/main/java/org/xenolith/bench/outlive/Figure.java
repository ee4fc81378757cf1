package org.xenolith.bench.outlive;

/// A row of the group's table.
///
/// @param scenario what is done for it
/// @param meaning what is measured
/// @param unit as it is printed
/// @param goal what the median must not exceed; 0 for no goal
/// @param remus what Remus's authors have published of theirs; empty if nothing
public record Figure(
        Scenario scenario, String name, String meaning, String unit, double goal, String remus) {

    boolean hasGoal() {
        return goal > 0;
    }
}
