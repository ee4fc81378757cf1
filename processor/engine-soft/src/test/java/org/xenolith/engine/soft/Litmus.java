package org.xenolith.engine.soft;

import static org.xenolith.engine.soft.ParallelGuest.RAX;
import static org.xenolith.engine.soft.ParallelGuest.RCX;
import static org.xenolith.engine.soft.ParallelGuest.RSI;
import static org.xenolith.engine.soft.ParallelGuest.memory;
import static org.xenolith.engine.soft.ParallelGuest.read;
import static org.xenolith.engine.soft.ParallelGuest.write;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// One litmus test: a few accesses on each of several vCPUs, done over and over at the same time,
/// and an outcome that is looked for.
///
/// In round n the number n is stored, so nothing has to be put back between rounds: a load finds n,
/// or what an earlier round has left, which is less. Before each round the vCPUs wait for each
/// other, then each for a pseudo-random moment. What they have loaded is looked at by vCPU 0 in the
/// next round.
final class Litmus {
    static final long X = 0x80000;
    static final long Y = 0x80100;

    private static final long SEEN = 0x82000;
    private static final long ARRIVED = 0x83000;
    private static final long RESULTS = 0x84000;
    private static final int LINE = 0x100;

    /// Of the two rounds for which results are kept.
    private static final int ROUND_BYTES = 0x80;

    /// Neither equal to nor less than any round.
    private static final long NOTHING = 1L << 40;

    private record Condition(int vcpu, int result, boolean isNew) {}

    private final List<Consumer<Assembler>> bodies = new ArrayList<>();
    private final List<Condition> outcome = new ArrayList<>();

    /// One more vCPU, which does this in each round. What it loads into RAX is its result 0, into
    /// RCX its result 1.
    Litmus vcpu(Consumer<Assembler> body) {
        bodies.add(body);
        return this;
    }

    /// A part of the outcome: a result is the number of its round.
    Litmus sees(int vcpu, int result) {
        outcome.add(new Condition(vcpu, result, true));
        return this;
    }

    /// A part of the outcome: a result is from before its round.
    Litmus misses(int vcpu, int result) {
        outcome.add(new Condition(vcpu, result, false));
        return this;
    }

    // ---------------------------------------------------------------- what bodies are made of

    static void store(Assembler code, long address) {
        write(code, address, RSI);
    }

    static void loadFirst(Assembler code, long address) {
        read(code, RAX, address);
    }

    static void loadSecond(Assembler code, long address) {
        read(code, RCX, address);
    }

    static void fence(Assembler code) {
        code.bytes(0x0F, 0xAE, 0xF0);
    }

    // ---------------------------------------------------------------- the run

    /// How often the outcome has been seen.
    long run(Execution execution, int rounds, Duration atMost) throws Exception {
        try (var parallel = new ParallelGuest(execution)) {
            for (int id = 0; id < bodies.size(); id++) {
                program(parallel.vcpu(), id, rounds);
            }
            for (int id = 0; id < bodies.size(); id++) {
                for (int offset = 0; offset < 2 * ROUND_BYTES; offset += Long.BYTES) {
                    parallel.guest.memory.writeLong(RESULTS + (long) LINE * id + offset, NOTHING);
                }
            }
            parallel.run(atMost);
            return parallel.word(SEEN);
        }
    }

    private void program(Assembler code, int self, int rounds) {
        code.bytes(0x31, 0xF6); // xor esi, esi
        ParallelGuest.repeat(
                code,
                rounds,
                () -> {
                    code.bytes(0x48, 0xFF, 0xC6); // inc rsi
                    meet(code, self);
                    if (self == 0) {
                        check(code);
                    }
                    delay(code, self);
                    bodies.get(self).accept(code);
                    keep(code, self);
                });
    }

    private void meet(Assembler code, int self) {
        write(code, ARRIVED + (long) LINE * self, RSI);
        for (int other = 0; other < bodies.size(); other++) {
            if (other != self) {
                long top = code.here();
                read(code, RAX, ARRIVED + (long) LINE * other);
                code.bytes(0x48, 0x39, 0xF0, 0x73, 7); // cmp rax, rsi; jae
                code.bytes(0xF3, 0x90).jump(top, 0xE9);
            }
        }
    }

    private static void delay(Assembler code, int self) {
        code.bytes(0x69, 0xD2).number(1_103_515_245, 4); // imul edx, edx, ...
        code.bytes(0x81, 0xC2).number(12_345 + self, 4); // add edx, ...
        code.bytes(0x89, 0xD1, 0xC1, 0xE9, 29, 0xFF, 0xC1); // mov ecx, edx; shr ecx, 29; inc ecx
        code.bytes(0xFF, 0xC9, 0x75, 0xFC); // dec ecx; jnz
    }

    /// rbx becomes where the results of a round are: of the one in rsi, or the one before.
    private static void place(Assembler code, boolean before) {
        code.bytes(0x89, 0xF3, 0x83, 0xE3, 1); // mov ebx, esi; and ebx, 1
        if (before) {
            code.bytes(0x83, 0xF3, 1); // xor ebx, 1
        }
        code.bytes(0xC1, 0xE3, Integer.numberOfTrailingZeros(ROUND_BYTES)); // shl ebx, ...
    }

    private static void keep(Assembler code, int self) {
        place(code, false);
        code.bytes(0x48, 0x89, 0x83).number(RESULTS + (long) LINE * self, 4); // mov [rbx+...], rax
        code.bytes(0x48, 0x89, 0x8B).number(RESULTS + (long) LINE * self + 8, 4);
    }

    private void check(Assembler code) {
        place(code, true);
        code.bytes(0x48, 0x8D, 0x6E, 0xFF); // lea rbp, [rsi-1]
        int left = outcome.size();
        for (var condition : outcome) {
            left--;
            long from = RESULTS + (long) LINE * condition.vcpu + 8L * condition.result;
            code.bytes(0x48, 0x8B, 0x83).number(from, 4); // mov rax, [rbx+...]
            code.bytes(0x48, 0x39, 0xE8); // cmp rax, rbp
            code.bytes(0x0F, condition.isNew ? 0x85 : 0x83).number(16L * left + 8, 4); // jne, jae
        }
        memory(code, 0, SEEN, 0x48, 0xFF); // inc
    }
}
