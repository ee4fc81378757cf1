package org.xenolith.jit;

import org.xenolith.base.Bug;
import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;

import java.util.HashSet;
import java.util.List;

/// Guest code to be compiled as one method: basic blocks, the entry first, that go on to each other
/// or leave. No other thread and nothing that they do changes them.
///
/// @param baseSlot the slot of the entry's address, if the code is *relative*: it may lie elsewhere
///   when it is executed, all of it by the same distance. Whoever compiles it sees to it that the
///   slot is right. [#ABSOLUTE] if the code lies where its blocks say
public record Region(List<Block> blocks, int baseSlot) {
    /// No slot.
    public static final int ABSOLUTE = -1;

    /// One in so many instructions is much.
    private static final int HOSTED_SHARE = 4;

    public Region(List<Block> blocks) {
        this(blocks, ABSOLUTE);
    }

    public Region {
        blocks = List.copyOf(blocks);
        Bug.check(!blocks.isEmpty(), "a region has an entry");
        var seen = new HashSet<Long>();
        for (var block : blocks) {
            Bug.check(seen.add(block.pc), "a region has one block at a place");
        }
    }

    /// A sequence of whole instructions that ends in a jump, a branch, or a computed jump, of which
    /// `expected` says where it has been seen to go, within the region or not. `weight` is how
    /// often it has been executed.
    public record Block(long pc, Unit unit, List<Long> expected, long weight) {
        public Block {
            expected = List.copyOf(expected);
            Bug.check(
                    unit.endsBlock() && !(unit.ops().getLast() instanceof Op.Leave),
                    "a block of a region says where it goes on");
        }

        /// How many guest instructions it has.
        int instructions() {
            return count(unit, Op.Boundary.class);
        }
    }

    /// Whether a host's own instructions do so much of what it does that bytecode, which has none
    /// of them, is no better than machine code.
    public boolean isForTheHost() {
        double hosted = 0;
        double all = 0;
        for (var block : blocks) {
            hosted += (double) block.weight * count(block.unit, Op.Host.class);
            all += (double) block.weight * block.instructions();
        }
        return hosted > 0 && hosted >= all / HOSTED_SHARE;
    }

    private static int count(Unit unit, Class<? extends Op> kind) {
        return (int) unit.ops().stream().filter(kind::isInstance).count();
    }

    public boolean isRelative() {
        return baseSlot != ABSOLUTE;
    }

    /// The same without what is only for compilers that make a host's machine code.
    Region portable() {
        Bug.check(!isRelative(), "relative code is for machine code");
        return new Region(blocks.stream().map(Region::portable).toList());
    }

    private static Block portable(Block block) {
        return new Block(block.pc, Passes.portable(block.unit), block.expected, block.weight);
    }

    /// Whether bytecode can do what the unit says: calls of helpers that take the context, unless
    /// they have a guard, must be left to other ways of executing it.
    public static boolean isCompilable(Unit unit) {
        return unit.ops().stream().allMatch(Region::isCompilable);
    }

    private static boolean isCompilable(Op op) {
        return !Ops.callsContext(op)
                || op instanceof Op.Call(var helper, _)
                        && (helper.guard().isPresent() || helper.quick().isPresent());
    }
}
