package org.xenolith.jit;

import org.xenolith.ir.Unit;

import java.util.Optional;

/// A way to make something that executes a region. Several threads may use it at a time.
public interface RegionCompiler extends AutoCloseable {
    /// Whether a region can do what the unit, one instruction, says.
    boolean canDo(Unit instruction);

    /// The compiled region; nothing if it is too large, or of no use.
    Optional<CompiledRegion> compile(Region region);

    /// How many regions have been compiled.
    int compiledRegions();

    /// No region of this compiler is executed any more.
    @Override
    void close();
}
