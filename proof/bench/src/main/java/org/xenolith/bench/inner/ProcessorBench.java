package org.xenolith.bench.inner;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.xenolith.engine.soft.SoftEngine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/// Small loops on the software processor: time of one turn.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=64m"})
public class ProcessorBench {
    private static final int TURNS = 100_000;

    /// More than there are places in the TLB.
    private static final int PAGES = 3000;

    /// `add eax, ecx; xor edx, eax; dec ecx; jnz`.
    private static final String ARITHMETIC = "01 C8 31 C2 FF C9 75 F8";

    /// `add rax, [rsi]; add [rsi+64], rax; dec ecx; jnz`.
    private static final String MEMORY = "48 03 06 48 01 46 40 FF C9 75 F5";

    /// `add rax, [rsi]; add rsi, 4096; dec ecx; jnz`.
    private static final String PAGE_WALKS = "48 03 06 48 81 C6 00 10 00 00 FF C9 75 F2";

    /// `call +2; jmp +1; ret; dec ecx; jnz`.
    private static final String CALLS = "E8 02 00 00 00 EB 01 C3 FF C9 75 F4";

    @Param({"HANDLERS", "COMPILER"})
    private SoftEngine.Tier tier;

    private BareMachine arithmetic;
    private BareMachine memory;
    private BareMachine pageWalks;
    private BareMachine calls;
    private BareMachine exits;

    @Setup
    public void build() {
        arithmetic = new BareMachine(tier, loop(ARITHMETIC, TURNS));
        memory = new BareMachine(tier, loop(MEMORY, TURNS));
        pageWalks = new BareMachine(tier, loop(PAGE_WALKS, PAGES));
        calls = new BareMachine(tier, loop(CALLS, TURNS));
        exits = new BareMachine(tier, bytes("E6 E9 EB FC")); // out 0xE9, al; jmp
    }

    @TearDown
    public void close() {
        for (var machine : new BareMachine[] {arithmetic, memory, pageWalks, calls, exits}) {
            machine.close();
        }
    }

    /// For ever: the body in so many turns, then a write to a port. `rsi` begins where data is,
    /// `rsp` ends there.
    private static byte[] loop(String body, int turns) {
        var turn = bytes(body);
        var code = ByteBuffer.allocate(turn.length + 19).order(ByteOrder.LITTLE_ENDIAN);
        code.put((byte) 0xB9).putInt(turns); // mov ecx, turns
        code.put((byte) 0xBE).putInt(BareMachine.DATA); // mov esi, DATA
        code.put((byte) 0xBC).putInt(BareMachine.DATA); // mov esp, DATA
        code.put(turn);
        code.put(bytes("E6 E9")); // out 0xE9, al
        code.put((byte) 0xEB).put((byte) -code.capacity()); // jmp to the beginning
        return code.array();
    }

    private static byte[] bytes(String hex) {
        return HexFormat.ofDelimiter(" ").parseHex(hex);
    }

    @Benchmark
    @OperationsPerInvocation(TURNS)
    public int arithmeticTurn() {
        return arithmetic.runToPort();
    }

    @Benchmark
    @OperationsPerInvocation(TURNS)
    public int memoryTurn() {
        return memory.runToPort();
    }

    @Benchmark
    @OperationsPerInvocation(PAGES)
    public int pageWalk() {
        return pageWalks.runToPort();
    }

    @Benchmark
    @OperationsPerInvocation(TURNS)
    public int callAndReturn() {
        return calls.runToPort();
    }

    @Benchmark
    public int exit() {
        return exits.runToPort();
    }
}
