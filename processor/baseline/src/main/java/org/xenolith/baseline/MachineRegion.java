package org.xenolith.baseline;

import org.xenolith.ir.Context;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.linux.ExecutableMemory;

/// A region as machine code. Where it is left, it goes on with the region there, if the context's
/// [Links] know one: what is executed may be more than the region. **Hot path.**
public final class MachineRegion extends CompiledRegion {
    private final MachineCodeCompiler compiler;
    private final long address;
    private final int generation;
    private final int length;
    private final boolean explicitFlags;

    MachineRegion(MachineCodeCompiler compiler, long address, int generation, RegionImage image) {
        this.length = (int) image.code().byteSize();
        this.explicitFlags = image.explicitFlags();
        this.compiler = compiler;
        this.address = address;
        this.generation = generation;
    }

    /// Where its code begins.
    long address() {
        return address;
    }

    /// Whether its code has been thrown away.
    public boolean isGone() {
        return compiler.generation() != generation;
    }

    /// Its code, to be kept; only while the compiler has not been reset.
    public RegionImage image() {
        return new RegionImage(compiler.code(address, length), explicitFlags);
    }

    /// From now on regions that the context leaves look for the next in `links`.
    public static void follow(Context context, Links links) {
        var memories = Memories.of(context);
        memories.links = links.memory();
        links.tell(context.registers);
    }

    @Override
    public int run(Context context, long[] readTags, long[] writeTags, long[] offsets, int budget) {
        if (isGone()) {
            return budget;
        }
        if (explicitFlags) {
            context.setStatusFlags(context.statusFlags());
        }
        long[] registers = context.registers;
        registers[Frame.FLAG_KIND] = context.flagKind;
        registers[Frame.FLAG_LEFT] = context.flagLeft;
        registers[Frame.FLAG_RIGHT] = context.flagRight;
        registers[Frame.FLAG_RESULT] = context.flagResult;
        registers[Frame.FLAG_CARRY] = context.flagCarry;
        registers[Frame.INITIAL_BUDGET] = budget;
        registers[Frame.INITIAL_BASE] = compiler.base();
        var memories = Memories.of(context);
        var translations = memories.translations(readTags, writeTags, offsets);
        int left =
                ExecutableMemory.call(
                        compiler.entry(),
                        memories.registers,
                        translations.readTags,
                        translations.writeTags,
                        translations.offsets,
                        memories.links,
                        address);
        context.pc = registers[Frame.PC];
        context.flagKind = (int) registers[Frame.FLAG_KIND];
        context.flagLeft = registers[Frame.FLAG_LEFT];
        context.flagRight = registers[Frame.FLAG_RIGHT];
        context.flagResult = registers[Frame.FLAG_RESULT];
        context.flagCarry = registers[Frame.FLAG_CARRY];
        return left;
    }
}
