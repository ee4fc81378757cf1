package org.xenolith.engine.soft;

import org.xenolith.ir.Abort;
import org.xenolith.ir.Op;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.jit.Region;
import org.xenolith.x86.Decoder;
import org.xenolith.x86.Instruction;
import org.xenolith.x86.InstructionSet;
import org.xenolith.x86.Lifter;
import org.xenolith.x86.Mode;
import org.xenolith.x86.Trap;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Finds the code that belongs to a region: from its entry along known jumps and branches, within
/// the page. Works on a copy of the page, so on any thread.
final class RegionBuilder {
    /// A region and the 64-byte lines of the page that it has been made from, as bits.
    record Built(Region region, long lines) {}

    private record Lifted(Unit unit, int length) {
        long[] targets() {
            return switch (unit.ops().getLast()) {
                case Op.Jump(long target) -> new long[] {target};
                case Op.Branch(_, long taken, long notTaken) -> new long[] {notTaken, taken};
                case Op _ -> new long[0];
            };
        }
    }

    private final byte[] page;
    private final long pageAddress;
    private final Mode mode;
    private final int instructionsMax;
    private final Decoder decoder = new Decoder(InstructionSet.ALL);
    private final Map<Long, Lifted> instructions = new LinkedHashMap<>();
    private final Set<Long> leaders = new HashSet<>();
    private long lines;

    private RegionBuilder(byte[] page, long pageAddress, Mode mode, int instructionsMax) {
        this.page = page;
        this.pageAddress = pageAddress;
        this.mode = mode;
        this.instructionsMax = instructionsMax;
    }

    /// The region that is entered at `pc` of 64-bit code, or nothing if not even the instruction
    /// there can be compiled.
    static Optional<Built> build(byte[] page, long pc, Mode mode, int instructionsMax) {
        return new RegionBuilder(page, pc & -4096L, mode, instructionsMax).build(pc);
    }

    private Optional<Built> build(long entry) {
        find(entry);
        if (!instructions.containsKey(entry)) {
            return Optional.empty();
        }
        var blocks = new ArrayList<Region.Block>();
        blocks.add(block(entry));
        for (long leader : leaders) {
            if (leader != entry && instructions.containsKey(leader)) {
                blocks.add(block(leader));
            }
        }
        return Optional.of(new Built(new Region(blocks), lines));
    }

    /// Breadth first, so that a bound cuts what is far from the entry.
    private void find(long entry) {
        var waiting = new ArrayDeque<Long>();
        waiting.add(entry);
        leaders.add(entry);
        while (!waiting.isEmpty() && instructions.size() < instructionsMax) {
            long pc = waiting.remove();
            boolean more = true;
            while (more && instructions.size() < instructionsMax) {
                if (instructions.containsKey(pc)) {
                    leaders.add(pc);
                    break;
                }
                var lifted = lift(pc);
                if (lifted == null) {
                    break;
                }
                instructions.put(pc, lifted);
                pc += lifted.length;
                more = !lifted.unit.endsBlock();
                for (long target : lifted.targets()) {
                    if (leaders.add(target)) {
                        waiting.add(target);
                    }
                }
            }
        }
    }

    /// The instruction at `pc`, or null if a region must end before it.
    private Lifted lift(long pc) {
        Instruction instruction;
        try {
            instruction = decoder.decode(this::byteAt, pc, mode);
        } catch (Abort undecodable) {
            return null;
        }
        var lifter = new Lifter(mode);
        lifter.lift(instruction);
        var unit = lifter.unit();
        if (!Region.isCompilable(unit) || unit.ops().getLast() instanceof Op.Leave) {
            return null;
        }
        int first = (int) (pc - pageAddress);
        lines |= CodeCache.lineMask(first, instruction.length());
        return new Lifted(unit, instruction.length());
    }

    private int byteAt(long pc) {
        long offset = pc - pageAddress;
        if (offset < 0 || offset >= page.length) {
            throw Trap.pageFault(0, pc);
        }
        return page[(int) offset] & 0xFF;
    }

    private Region.Block block(long leader) {
        var units = new ArrayList<Unit>();
        long pc = leader;
        boolean ended = false;
        while (!ended) {
            var lifted = instructions.get(pc);
            units.add(lifted.unit);
            pc += lifted.length;
            ended = lifted.unit.endsBlock();
            if (!ended && (leaders.contains(pc) || !instructions.containsKey(pc))) {
                units.add(new Unit(List.of(new Op.Jump(pc))));
                ended = true;
            }
        }
        return new Region.Block(leader, Passes.optimise(Unit.join(units)));
    }
}
