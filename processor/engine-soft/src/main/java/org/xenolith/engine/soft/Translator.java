package org.xenolith.engine.soft;

import org.xenolith.base.Bug;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Code;
import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Verifier;
import org.xenolith.x86.CodeSource;
import org.xenolith.x86.Decoder;
import org.xenolith.x86.FaultDetail;
import org.xenolith.x86.Instruction;
import org.xenolith.x86.InstructionSet;
import org.xenolith.x86.Lifter;
import org.xenolith.x86.Mode;
import org.xenolith.x86.Row;
import org.xenolith.x86.SegmentAccess;
import org.xenolith.x86.Segments;
import org.xenolith.x86.Trap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Guest code becomes blocks: decode, lift, and give each unit its code. Works on a copy of the
/// bytes, since others may be changing them.
final class Translator {
    /// Instructions in a block at most.
    static final int BLOCK_MAX = 48;

    /// A bit of a block's mode beside those of [Mode]: exactly one instruction.
    static final int SINGLE = 1 << 30;

    /// Makes the code of a unit.
    @FunctionalInterface
    interface CodeMaker {
        Code code(Unit unit);
    }

    private final SoftCpu cpu;
    private final CodeMaker maker;
    private final Predicate<Unit> compilable;

    /// Rows of which an instruction has been met that is not compilable: blocks end before and
    /// behind one, so that what is around it can be compiled.
    private final Set<Row> apart = Collections.newSetFromMap(new IdentityHashMap<>());

    private final boolean verify;
    private final int blockMax;
    private final Decoder decoder = new Decoder(InstructionSet.ALL);
    private final FetchWindow window;

    /// @param blockMax how many instructions a block may have, up to [#BLOCK_MAX]
    Translator(
            SoftCpu cpu,
            CodeMaker maker,
            Predicate<Unit> compilable,
            boolean verify,
            int blockMax) {
        this.compilable = compilable;
        this.cpu = cpu;
        this.maker = maker;
        this.verify = verify;
        this.blockMax = blockMax;
        this.window = new FetchWindow(cpu);
    }

    /// The block at `pc`, whose first byte is at `host` of the memory segment. Throws [Trap] if not
    /// even one instruction can be fetched and decoded.
    Block translate(long pc, int key, long host) {
        var made = translate(pc, key, host, Integer.MAX_VALUE);
        var block = new Block(pc, key, host, made.length, window.secondFrame());
        made.complete(block);
        return block;
    }

    /// What makes a block complete.
    record Made(int length, Code[] codes, short[] starts, int instructions, long[] direct) {
        void complete(Block block) {
            block.complete(codes, starts, instructions, direct);
        }
    }

    /// The same for a block that is there, and not longer than `bytesMax`.
    Made translate(long pc, int key, long host, int bytesMax) {
        var mode = new Mode(key & ~SINGLE);
        boolean single = (key & SINGLE) != 0 || mode.stepping();
        window.begin(pc, host);
        var codes = new ArrayList<Code>();
        var starts = new ArrayList<Integer>();
        int instructions = 0;
        long at = pc;
        boolean ended = false;
        Unit last = null;
        Instruction ahead = window.decode(decoder, at, mode);
        while (!ended) {
            var current = ahead;
            ahead = null;
            var lifter = new Lifter(mode);
            lifter.lift(current);
            instructions++;
            starts.add((int) (at - pc));
            at = current.next();
            boolean more =
                    !single
                            && !lifter.hasEnded()
                            && instructions < blockMax
                            && at - pc < bytesMax
                            && isCompilable(current, lifter.unit());
            if (more) {
                ahead = next(at, mode);
            }
            if (ahead != null && ahead.next() - pc > bytesMax) {
                ahead = null;
            }
            if (ahead != null && isFusedWithFlags(ahead, mode)) {
                lifter.lift(ahead);
                instructions++;
                at = ahead.next();
                ahead = null;
            }
            if (ahead == null) {
                lifter.endAt(Lifter.following(mode, at));
                ended = true;
            }
            last = lifter.unit();
            codes.add(code(last));
        }
        return new Made(
                (int) (at - pc),
                codes.toArray(Code[]::new),
                shorts(starts),
                instructions,
                targets(last.ops().getLast()));
    }

    private boolean isCompilable(Instruction instruction, Unit unit) {
        if (apart.contains(instruction.row())) {
            return false;
        }
        if (!compilable.test(unit)) {
            apart.add(instruction.row());
            return false;
        }
        return true;
    }

    private static long[] targets(Op end) {
        return switch (end) {
            case Op.Jump(long target) -> new long[] {target};
            case Op.Branch(_, long taken, long notTaken) -> new long[] {taken, notTaken};
            case Op _ -> new long[0];
        };
    }

    /// Whether the bytes of the block that [#translate] has returned last are still those that it
    /// was made from.
    boolean isCurrent(Block block) {
        return window.isCurrent(block);
    }

    /// What to deliver for a fault of a memory access of the instruction at `pc`.
    Trap complete(Trap trap) {
        Instruction instruction;
        try {
            long pc = cpu.pc;
            long linear = cpu.is64() ? pc : cpu.base(Segments.CS) + pc & 0xFFFF_FFFFL;
            window.begin(pc, cpu.resolveCode(linear));
            instruction = window.decode(decoder, pc, new Mode(cpu.mode));
        } catch (Abort unreadable) {
            return trap;
        }
        return FaultDetail.complete(cpu, instruction, trap);
    }

    private static short[] shorts(List<Integer> values) {
        var result = new short[values.size()];
        for (int index = 0; index < result.length; index++) {
            result[index] = values.get(index).shortValue();
        }
        return result;
    }

    private Code code(Unit unit) {
        if (verify) {
            var violations = Verifier.violations(unit);
            Bug.check(violations.isEmpty(), "unit is lawful: " + violations + "\n" + unit);
        }
        return maker.code(unit);
    }

    /// The next instruction of the block, or null where the block must end before it: it begins on
    /// another page, or cannot be fetched or decoded (which will show when it is executed).
    private Instruction next(long at, Mode mode) {
        if (!window.isOnFirstPage(at)) {
            return null;
        }
        try {
            var instruction = window.decode(decoder, at, mode);
            return apart.contains(instruction.row()) ? null : instruction;
        } catch (Trap trap) {
            return null;
        }
    }

    /// A conditional jump that cannot fault may share a unit with what sets its flags.
    private static boolean isFusedWithFlags(Instruction instruction, Mode mode) {
        if (!mode.is64() && !mode.flat()) {
            return false;
        }
        var encoding = instruction.row().encoding();
        int opcode = encoding.opcode() & 0xF0;
        return encoding.map() == 0 && opcode == 0x70 || encoding.map() == 1 && opcode == 0x80;
    }

    /// Instruction bytes of at most two pages.
    private static final class FetchWindow implements CodeSource {
        private final SoftCpu cpu;
        private final byte[] first = new byte[4096];
        private final byte[] second = new byte[4096];
        private long linearBase;
        private long firstPage;
        private long secondHost;

        FetchWindow(SoftCpu cpu) {
            this.cpu = cpu;
        }

        void begin(long pc, long host) {
            linearBase = cpu.is64() ? 0 : cpu.base(Segments.CS);
            firstPage = linear(pc) & -4096L;
            int from = (int) host & 4095;
            copy(host, first, from, 4096 - from);
            secondHost = -1;
        }

        private void copy(long host, byte[] into, int from, int length) {
            var segment = cpu.memory().segment();
            MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, host, into, from, length);
        }

        boolean isCurrent(Block block) {
            int offset = (int) block.host & 4095;
            int within = Math.min(block.length, 4096 - offset);
            return isCurrent(block.host, first, offset, within)
                    && (block.secondFrame < 0
                            || secondHost < 0
                            || isCurrent(secondHost, second, 0, block.length - within));
        }

        private boolean isCurrent(long host, byte[] copy, int from, int length) {
            var segment = cpu.memory().segment();
            var then = MemorySegment.ofArray(copy);
            return MemorySegment.mismatch(segment, host, host + length, then, from, from + length)
                    < 0;
        }

        private long linear(long pc) {
            return cpu.is64() ? pc : linearBase + pc & 0xFFFF_FFFFL;
        }

        boolean isOnFirstPage(long pc) {
            return (linear(pc) & -4096L) == firstPage;
        }

        int secondFrame() {
            return secondHost < 0 ? -1 : (int) (secondHost >>> 12);
        }

        Instruction decode(Decoder decoder, long pc, Mode mode) {
            long before = secondHost;
            try {
                return decoder.decode(this, pc, mode);
            } catch (Trap trap) {
                secondHost = before;
                throw trap;
            }
        }

        @Override
        public int byteAt(long pc) {
            long linear = linear(pc);
            if (!cpu.is64() && !SegmentAccess.isWithinCode(cpu, pc)) {
                throw Trap.generalProtection(0);
            }
            int offset = (int) linear & 4095;
            if ((linear & -4096L) == firstPage) {
                return first[offset] & 0xFF;
            }
            if (secondHost < 0) {
                secondHost = cpu.resolveCode(linear & -4096L);
                copy(secondHost, second, 0, second.length);
            }
            return second[offset] & 0xFF;
        }
    }
}
