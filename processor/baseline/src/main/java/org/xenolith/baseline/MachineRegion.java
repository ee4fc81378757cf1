package org.xenolith.baseline;

import org.xenolith.ir.Context;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.linux.ExecutableMemory;

import java.lang.foreign.MemorySegment;

/// A region as machine code. **Hot path.**
final class MachineRegion extends CompiledRegion {
    private final MachineCodeCompiler compiler;
    private final MemorySegment code;
    private final int generation;
    private final boolean explicitFlags;

    MachineRegion(
            MachineCodeCompiler compiler,
            MemorySegment code,
            int generation,
            boolean explicitFlags) {
        this.explicitFlags = explicitFlags;
        this.compiler = compiler;
        this.code = code;
        this.generation = generation;
    }

    @Override
    public int run(Context context, long[] readTags, long[] writeTags, long[] offsets, int budget) {
        if (compiler.generation() != generation) {
            return budget; // the code is no more
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
        var memories = Memories.of(context);
        var translations =
                memories.translations(readTags, writeTags, offsets, compiler.translations());
        int left =
                ExecutableMemory.call(
                        code,
                        memories.registers,
                        translations.readTags,
                        translations.writeTags,
                        translations.offsets,
                        budget);
        context.pc = registers[Frame.PC];
        context.flagKind = (int) registers[Frame.FLAG_KIND];
        context.flagLeft = registers[Frame.FLAG_LEFT];
        context.flagRight = registers[Frame.FLAG_RIGHT];
        context.flagResult = registers[Frame.FLAG_RESULT];
        context.flagCarry = registers[Frame.FLAG_CARRY];
        return left;
    }
}
