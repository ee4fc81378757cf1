package org.xenolith.jit;

import org.xenolith.ir.Unit;

import java.util.Optional;

/// A way to make something that executes a region. Several threads may use it at a time.
public interface RegionCompiler extends AutoCloseable {
    /// Whether a region can do what the unit, one instruction, says.
    boolean canDo(Unit instruction);

    /// The compiled region; nothing if it is too large, or of no use.
    Optional<CompiledRegion> compile(Region region);

    /// Whether there is no room for more.
    default boolean isFull() {
        return false;
    }

    /// Throws away what all regions made so far need; none is executed at present, and those made
    /// before leave at once. Not while one is being compiled.
    default void reset() {}

    /// How many regions have been compiled.
    int compiledRegions();

    /// No region of this compiler is executed any more.
    @Override
    void close();
}
