package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDX;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.ir.Width;
import org.xenolith.linux.ExecutableMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/// Ways out of regions that jump straight to the next, as long as one vCPU alone executes them.
/// **Hot path.** Benchmark: `read` and `pipe` of `bench`.
///
/// A way out with a fixed address of the upper half is a jump, with a condition or without, at
/// first to code behind the region, which looks into [Links]. What is found there is written into
/// the jump, by a routine that lies behind the entry code, and the place of the jump and where it
/// led at first into a list. It holds
///
/// - until addresses of the upper half may mean something else: then all jumps of the list lead
///   where they led at first ([#unlink]);
/// - while the region that it leads to is in use: one that is not any more begins with a jump to a
///   way out for its own address, which is never linked ([#retire]), whoever may still come.
///
/// A jump's distance, and a region's first instruction, lie within eight bytes at a multiple of
/// eight, so that whoever executes them sees the old or the new one. Who still sees the old
/// distance may link a jump once more: then the list has it twice, and what it says first is where
/// it led.
final class DirectLinks {
    /// For each so many bytes of room for code a jump may lead to another region; further ones stay
    /// as they are.
    private static final int CODE_BYTES_OF_A_JUMP = 1 << 10;

    /// The instruction that does nothing and has a number of four bytes.
    private static final int[] NOTHING = {0x0F, 0x1F, 0x84, 0x00};

    private static final int NOTHING_BYTES = 2 * Integer.BYTES;
    private static final int JUMP_BYTES = 1 + Integer.BYTES;

    /// Of the list: the address behind a jump, and the distance that it had at first.
    private static final int ENTRY_BYTES = 2 * Long.BYTES;

    private final ExecutableMemory executable;
    private final int jumpsMax;

    /// Of jumps that lead to other regions.
    private MemorySegment list = MemorySegment.NULL;

    /// Of the vCPU whose regions are linked, or null.
    private volatile long[] registers;

    /// @param codeBytes room for code
    DirectLinks(ExecutableMemory executable, int codeBytes) {
        this.executable = executable;
        jumpsMax = codeBytes / CODE_BYTES_OF_A_JUMP;
    }

    /// From now on a vCPU's regions are linked. No other executes any.
    void begin(long[] registers) {
        list = Arena.ofAuto().allocate((long) jumpsMax * ENTRY_BYTES, Long.BYTES);
        registers[Frame.LINKED] = list.address();
        registers[Frame.LINKED_END] = list.address() + list.byteSize();
        registers[Frame.CODE_DISTANCE] = executable.writableDistance();
        this.registers = registers;
    }

    /// Whether jumps may lead to other regions. Who has taken a region out of all [Links] before he
    /// asks, and is told that none may, knows that none will lead there.
    boolean haveBegun() {
        VarHandle.fullFence();
        return registers != null;
    }

    /// All jumps lead where they led at first. While the vCPU executes no region.
    void unlink() {
        if (haveBegun()) {
            var jumps = list.asSlice(0, (long) count() * ENTRY_BYTES);
            executable.put(jumps, -Integer.BYTES);
            clear();
        }
    }

    /// The same for good.
    void end() {
        var linked = registers;
        if (linked != null) {
            unlink();
            linked[Frame.LINKED] = 0;
            linked[Frame.LINKED_END] = 0;
            registers = null;
        }
    }

    /// How many jumps lead to other regions.
    int count() {
        var linked = registers;
        return linked == null ? 0 : (int) ((linked[Frame.LINKED] - list.address()) / ENTRY_BYTES);
    }

    /// There are no jumps any more.
    void clear() {
        var linked = registers;
        if (linked != null) {
            linked[Frame.LINKED] = list.address();
        }
    }

    /// Whoever comes to the region at an address leaves at once. On any thread.
    void retire(long address) {
        long first = executable.read(address);
        if ((int) first == nothing()) {
            long distance = (int) (first >>> Integer.SIZE) + NOTHING_BYTES - JUMP_BYTES;
            executable.patch(address, Assembler.JUMP | (distance & 0xFFFF_FFFFL) << Byte.SIZE);
        }
    }

    private static int nothing() {
        int number = 0;
        for (int index = 0; index < NOTHING.length; index++) {
            number |= NOTHING[index] << index * Byte.SIZE;
        }
        return number;
    }

    // ---------------------------------------------------------------- code

    /// Emits the first instruction of a region that may be retired, from then on by a jump to
    /// `out`.
    static void emitEntry(Assembler code, int out) {
        code.bytes(NOTHING);
        code.distance(out);
    }

    /// Emits the jump of a way out, which leads to `first` at first. Answers the label behind it.
    static int emitJump(Assembler code, int first) {
        int behind = code.label();
        code.pad(1);
        code.longJump(first);
        code.bind(behind);
        return behind;
    }

    /// The same for a way out that is taken where the host's condition holds.
    static int emitJumpIf(Assembler code, int condition, int first) {
        int behind = code.label();
        code.pad(2);
        code.longJumpIf(condition, first);
        code.bind(behind);
        return behind;
    }

    /// Puts the address of the routine into the frame, which has no return address yet. Uses RAX.
    static int begin(Assembler code) {
        int routine = code.label();
        code.loadAddress(RAX, routine);
        code.op(Width.W64, Assembler.STORE, RAX, Assembler.RSP, Frame.LINKER - Long.BYTES);
        return routine;
    }

    /// Emits the routine: goes to the region of the entry of [Links] at R11, and has the jump that
    /// ends at RCX lead there. Uses RDX.
    static void emit(Assembler code, int routine) {
        int full = code.label();
        code.bind(routine);
        code.op(Width.W64, Assembler.MOV, RAX, R11, Long.BYTES);
        code.op(Width.W64, Assembler.MOV, R11, REGISTERS, Frame.slot(Frame.LINKED));
        code.op(Width.W64, Assembler.CMP, R11, REGISTERS, Frame.slot(Frame.LINKED_END));
        code.jumpIf(Assembler.EQUAL, full);
        code.op(Width.W64, Assembler.STORE, RCX, R11, 0);
        code.op(Width.W32, Assembler.MOV, RDX, RCX, -Integer.BYTES);
        code.op(Width.W64, Assembler.STORE, RDX, R11, Long.BYTES);
        code.opNumber(Width.W64, Assembler.ADD, R11, ENTRY_BYTES);
        code.op(Width.W64, Assembler.STORE, R11, REGISTERS, Frame.slot(Frame.LINKED));
        code.move(Width.W64, R11, RAX);
        code.op(Width.W64, Assembler.SUB, R11, RCX);
        code.op(Width.W64, Assembler.ADD, RCX, REGISTERS, Frame.slot(Frame.CODE_DISTANCE));
        code.op(Width.W32, Assembler.STORE, R11, RCX, -Integer.BYTES);
        code.bind(full);
        code.jumpToRegister(RAX);
    }
}
