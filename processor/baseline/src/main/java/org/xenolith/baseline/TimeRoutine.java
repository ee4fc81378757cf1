package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RBP;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDI;
import static org.xenolith.baseline.Assembler.RDX;
import static org.xenolith.baseline.Assembler.RSI;
import static org.xenolith.baseline.Assembler.RSP;

import org.xenolith.ir.Width;
import org.xenolith.linux.HostClock;

import java.util.OptionalLong;

/// The routine that asks the host for the time, behind the entry code; regions find its address in
/// the frame. It answers nanoseconds in RAX and keeps all registers but R11 and the vectors.
final class TimeRoutine {
    /// What the System V ABI lets a function change.
    private static final int[] SAVED = {
        RCX, RDX, RSI, RDI, Assembler.R8, Assembler.R9, Assembler.R10
    };

    private static final int NANOS_PER_SECOND = 1_000_000_000;

    /// Two numbers of 64 bits: seconds and nanoseconds.
    private static final int TIMESPEC_BYTES = 16;

    private static final int STACK_ALIGNMENT = 16;

    private final Assembler code;
    private final OptionalLong clock;
    private final int routine;

    /// @param clock the address of `clock_gettime`; without it there is no routine
    TimeRoutine(Assembler code, OptionalLong clock) {
        this.code = code;
        this.clock = clock;
        routine = code.label();
    }

    /// Puts the address of the routine into the frame, which has no return address yet. Uses RAX.
    void begin() {
        if (clock.isPresent()) {
            code.loadAddress(RAX, routine);
            code.op(Width.W64, Assembler.STORE, RAX, RSP, Frame.TIME - Long.BYTES);
        }
    }

    void emit() {
        if (clock.isEmpty()) {
            return;
        }
        code.bind(routine);
        code.push(RBP);
        for (int register : SAVED) {
            code.push(register);
        }
        code.move(Width.W64, RBP, RSP);
        code.opNumber(Width.W64, Assembler.SUB, RSP, TIMESPEC_BYTES);
        code.opNumber(Width.W64, Assembler.AND, RSP, -STACK_ALIGNMENT);
        code.load(RDI, HostClock.MONOTONIC);
        code.move(Width.W64, RSI, RSP);
        code.load(RAX, clock.getAsLong());
        code.call(RAX);
        code.op(Width.W64, Assembler.MOV, RAX, RSP, 0);
        code.multiplyNumber(Width.W64, RAX, RAX, NANOS_PER_SECOND);
        code.op(Width.W64, Assembler.ADD, RAX, RSP, Long.BYTES);
        code.move(Width.W64, RSP, RBP);
        for (int index = SAVED.length - 1; index >= 0; index--) {
            code.pop(SAVED[index]);
        }
        code.pop(RBP);
        code.ret();
    }
}
