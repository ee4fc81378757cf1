package org.xenolith.engine.soft;

import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Op;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;
import org.xenolith.jit.Region;
import org.xenolith.jit.RegionCompiler;
import org.xenolith.x86.Decoder;
import org.xenolith.x86.InstructionSet;
import org.xenolith.x86.Lifter;
import org.xenolith.x86.Mode;
import org.xenolith.x86.Registers;
import org.xenolith.x86.Trap;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Makes the region that a request asks for: decodes and lifts its blocks anew, each up to where
/// another begins. Works on copies, so on any thread.
final class RegionBuilder {
    /// A region, what it has been made from, and for each of its pages the 64-byte lines of that,
    /// as bits.
    record Built(Region region, List<StoredRegion.Part> parts, Map<Long, Long> lines) {}

    /// Bytes between an entry of relative code and what else is part of the region.
    private static final long NEAR = 1 << 30;

    /// Places that a computed jump is expected to leave a region for, at most: a function that is
    /// called from more returns to any of them.
    private static final int ELSEWHERE_MAX = 2;

    private final RegionRequest request;
    private final RegionCompiler compiler;
    private final Mode mode;
    private final Decoder decoder = new Decoder(InstructionSet.ALL);
    private final List<StoredRegion.Part> parts = new ArrayList<>();

    /// Where relative code is made from.
    private final OptionalLong origin;

    private RegionBuilder(RegionRequest request, RegionCompiler compiler) {
        this.compiler = compiler;
        long pc = request.entry().pc;
        boolean relative = compiler instanceof MachineCodeCompiler && StoredRegion.isRelative(pc);
        origin = relative ? OptionalLong.of(pc) : OptionalLong.empty();
        this.request = request;
        this.mode = new Mode(request.entry().mode);
    }

    /// The region, or nothing if not even the instruction at its entry can be compiled.
    static Optional<Built> build(RegionRequest request, RegionCompiler compiler) {
        return new RegionBuilder(request, compiler).build();
    }

    /// What a member becomes in the region.
    private record Piece(Block member, Unit unit, boolean changesView) {}

    private Optional<Built> build() {
        var pieces = new LinkedHashMap<Long, Piece>();
        for (var member : request.members().values()) {
            var piece = isNear(member.pc) ? piece(member) : Optional.<Piece>empty();
            if (piece.isPresent()) {
                pieces.put(member.pc, piece.get());
            } else if (member == request.entry()) {
                return Optional.empty();
            }
        }
        var blocks = new ArrayList<Region.Block>();
        for (var piece : pieces.values()) {
            var expected = expected(piece, pieces.keySet());
            int weight = request.weight(piece.member);
            blocks.add(new Region.Block(piece.member.pc, piece.unit, expected, weight));
        }
        int baseSlot = origin.isPresent() ? Registers.CODE_BASE : Region.ABSOLUTE;
        return Optional.of(new Built(new Region(blocks, baseSlot), parts, lines(parts)));
    }

    /// Whether code may be part of the region: what is relative moves together only if it is of the
    /// same file.
    private boolean isNear(long pc) {
        return origin.isEmpty() || Math.abs(pc - origin.getAsLong()) < NEAR;
    }

    /// The part of a block before what cannot be compiled and before the next block's begin.
    private Optional<Piece> piece(Block member) {
        var units = new ArrayList<Unit>();
        long end = member.pc + member.length;
        long pc = member.pc;
        boolean ended = false;
        while (!ended && pc < end && (pc == member.pc || !request.members().containsKey(pc))) {
            var lifter = new Lifter(mode, origin);
            int length = lift(lifter, pc);
            var unit = lifter.unit();
            if (length == 0 || !compiler.canDo(unit) || unit.ops().getLast() instanceof Op.Leave) {
                break;
            }
            units.add(unit);
            pc += length;
            ended = unit.endsBlock();
        }
        if (units.isEmpty()) {
            return Optional.empty();
        }
        parts.add(new StoredRegion.Part(member.pc, bytes(member.pc, (int) (pc - member.pc))));
        if (!ended) {
            units.add(new Unit(List.of(new Op.Jump(pc))));
        }
        var unit = Passes.optimise(Unit.join(units));
        return Optional.of(new Piece(member, unit, changesView(units.getLast())));
    }

    /// Whether what follows a unit may be of another mode.
    private static boolean changesView(Unit unit) {
        return unit.ops().stream()
                .anyMatch(
                        op -> op instanceof Op.Call(var helper, _) && helper.enters().isPresent());
    }

    /// Where a computed jump goes on within the region, the most frequent place first; and behind
    /// those where it leaves the region for, if these places are few.
    private List<Long> expected(Piece piece, Set<Long> inside) {
        if (piece.changesView) {
            return List.of();
        }
        var expected = new ArrayList<Long>();
        var elsewhere = new ArrayList<Long>();
        for (long target : piece.member.seenTargets()) {
            (inside.contains(target) ? expected : elsewhere).add(target);
        }
        expected.sort(Comparator.comparingInt(this::weight).reversed());
        if (elsewhere.size() <= ELSEWHERE_MAX) {
            expected.addAll(elsewhere);
        }
        return expected;
    }

    private int weight(long pc) {
        return request.weight(request.members().get(pc));
    }

    /// Answers the instruction's length, 0 if it cannot be decoded.
    private int lift(Lifter lifter, long pc) {
        try {
            var instruction = decoder.decode(this::byteAt, pc, mode);
            lifter.lift(instruction);
            return instruction.length();
        } catch (Abort undecodable) {
            return 0;
        }
    }

    private int byteAt(long pc) {
        var page = request.pages().get(pc & -4096L);
        if (page == null) {
            throw Trap.pageFault(0, pc);
        }
        return page.bytes()[(int) pc & 4095] & 0xFF;
    }

    private MemorySegment bytes(long pc, int length) {
        var bytes = new byte[length];
        for (int index = 0; index < length; index++) {
            bytes[index] = (byte) byteAt(pc + index);
        }
        return MemorySegment.ofArray(bytes);
    }

    /// The 64-byte lines that parts of code are in, as bits, by linear page.
    static Map<Long, Long> lines(List<StoredRegion.Part> parts) {
        var lines = new HashMap<Long, Long>();
        for (var part : parts) {
            long page = part.pc() & -4096L;
            int offset = (int) part.pc() & 4095;
            int length = (int) part.bytes().byteSize();
            int within = Math.min(length, 4096 - offset);
            lines.merge(page, CodeCache.lineMask(offset, within), (a, b) -> a | b);
            if (within < length) {
                long mask = CodeCache.lineMask(0, length - within);
                lines.merge(page + 4096, mask, (a, b) -> a | b);
            }
        }
        return lines;
    }
}
