package org.xenolith.baseline;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.xenolith.base.Bug;
import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.jit.Region;
import org.xenolith.linux.LinuxException;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;

/// Makes regions and runs them, in a context whose first page is there. Where there is no machine
/// code the test is skipped.
final class RegionRunner implements AutoCloseable {
    /// Where in memory page 0 is, see [ArenaContext].
    static final int PLACE = 0xF000;

    private static final int CODE_BYTES = 1 << 16;

    private final Arena arena = Arena.ofConfined();
    private final ArenaContext context = new ArenaContext(arena, new SplittableRandom(7));
    private final MachineCodeCompiler compiler;

    RegionRunner() {
        assumeTrue(MachineCodeCompiler.isSupported());
        try {
            compiler = new MachineCodeCompiler(false, CODE_BYTES);
        } catch (LinuxException e) {
            throw new Bug("the host gives memory for code", e);
        }
        context.allowFirstPage();
    }

    ArenaContext context() {
        return context;
    }

    static Region.Block block(long pc, Op... ops) {
        return new Region.Block(pc, new Unit(List.of(ops)), List.of(), 1);
    }

    CompiledRegion compile(Region.Block... blocks) {
        return compile(new Region(List.of(blocks)));
    }

    CompiledRegion compile(Region region) {
        return compiler.compile(region).orElseThrow();
    }

    int run(int budget, Region.Block... blocks) {
        return run(budget, compile(blocks));
    }

    int run(int budget, CompiledRegion code) {
        return code.run(context, context.readTags, context.writeTags, context.offsets, budget);
    }

    /// Throws all code away.
    void reset() {
        compiler.reset();
    }

    @Override
    public void close() {
        compiler.close();
        arena.close();
    }
}
