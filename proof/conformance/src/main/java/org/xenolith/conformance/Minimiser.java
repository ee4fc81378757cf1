package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Makes a failing case simpler: drops what does not matter to the failure.
final class Minimiser {
    /// Whether a simpler case still fails.
    interface Failure {
        boolean remains(CpuCase test) throws IOException;
    }

    private static final long INITIAL_RFLAGS = 0x202;

    private Minimiser() {}

    static CpuCase minimise(CpuCase test, Failure failure) throws IOException {
        test = better(test, test.withFxsave(FloatingState.initial()), failure);
        test = better(test, test.withMemory(List.of()), failure);
        test = better(test, test.withRflags(INITIAL_RFLAGS), failure);
        for (int i = 0; i < 16; i++) {
            var registers = new ArrayList<>(test.registers());
            registers.set(i, 0L);
            test = better(test, test.withRegisters(registers), failure);
        }
        for (int bit = 0; bit < 12; bit++) {
            test =
                    better(
                            test,
                            test.withRflags(test.rflags() & ~(1L << bit) | INITIAL_RFLAGS),
                            failure);
        }
        for (int at = FloatingState.ST0; at < CpuCase.FXSAVE_BYTES; at += 16) {
            var image = test.fxsave().toArray();
            Arrays.fill(image, at, at + 16, (byte) 0);
            test = better(test, test.withFxsave(Bytes.of(image)), failure);
        }
        return test;
    }

    private static CpuCase better(CpuCase current, CpuCase candidate, Failure failure)
            throws IOException {
        return !candidate.equals(current) && failure.remains(candidate) ? candidate : current;
    }
}
