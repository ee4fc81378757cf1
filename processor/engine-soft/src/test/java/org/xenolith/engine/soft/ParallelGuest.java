package org.xenolith.engine.soft;

import org.xenolith.engine.Exit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A [TestGuest] with several vCPUs, each with code of its own and on a thread of its own. Memory
/// operands of the instructions that it assembles are absolute.
final class ParallelGuest implements AutoCloseable {
    static final int RAX = 0;
    static final int RCX = 1;
    static final int RDX = 2;
    static final int RBX = 3;
    static final int RSI = 6;
    static final int RDI = 7;

    private static final int CODE_BYTES = 0x2000;

    final TestGuest guest;
    private final List<Assembler> codes = new ArrayList<>();
    private volatile boolean stopping;

    ParallelGuest(SoftEngine.Options options) {
        guest = new TestGuest(options, Translator.BLOCK_MAX);
    }

    ParallelGuest(Execution execution) {
        this(execution.options(20, false));
    }

    /// With room for so many bytes of machine code.
    ParallelGuest(Execution execution, int machineCodeBytes) {
        guest =
                new TestGuest(
                        execution.options(20, false),
                        Translator.BLOCK_MAX,
                        Optional.empty(),
                        machineCodeBytes);
    }

    /// Code for one more vCPU.
    Assembler vcpu() {
        var code = new Assembler(TestGuest.CODE + (long) CODE_BYTES * codes.size());
        codes.add(code);
        return code;
    }

    /// One more vCPU that executes code which another has already.
    void shares(Assembler code) {
        codes.add(code);
    }

    /// An instruction on a register and memory: its opcode bytes, REX.W and LOCK among them.
    static Assembler memory(Assembler code, int register, long address, int... opcode) {
        return code.bytes(opcode).bytes(4 | register << 3, 0x25).number(address, 4);
    }

    static void read(Assembler code, int register, long address) {
        memory(code, register, address, 0x48, 0x8B);
    }

    static void write(Assembler code, long address, int register) {
        memory(code, register, address, 0x48, 0x89);
    }

    /// Waits until the number at `address` is that of a register.
    static void await(Assembler code, int register, long address) {
        long top = code.here();
        code.bytes(0xF3, 0x90);
        memory(code, register, address, 0x48, 0x3B);
        code.jump(top, 0x0F, 0x85);
    }

    /// `body` so many times, counted in edi.
    static void repeat(Assembler code, int times, Runnable body) {
        code.bytes(0xBF).number(times, 4);
        long top = code.here();
        body.run();
        code.bytes(0xFF, 0xCF).jump(top, 0x0F, 0x85);
    }

    /// Starts all vCPUs; completes when they have halted.
    CompletableFuture<Void> start() {
        var done = new ArrayList<CompletableFuture<Void>>();
        for (var code : Set.copyOf(codes)) {
            guest.load(code.bytes(0xF4));
        }
        for (int id = 0; id < codes.size(); id++) {
            long pc = codes.get(id).origin();
            var vcpu = id == 0 ? guest.vcpu : guest.addVcpu(id, pc);
            var end = new CompletableFuture<Void>();
            done.add(end);
            Thread.ofPlatform().daemon().name("vcpu" + id).start(() -> run(vcpu, end));
        }
        return CompletableFuture.allOf(done.toArray(CompletableFuture[]::new));
    }

    private void run(SoftVcpu vcpu, CompletableFuture<Void> end) {
        try {
            while (!stopping) {
                var exit = vcpu.run(1_000_000);
                if (exit instanceof Exit.Halted) {
                    break;
                }
                if (!(exit instanceof Exit.Preempted)) {
                    throw new AssertionError("vCPU " + vcpu.id() + " leaves with " + exit);
                }
                Thread.yield(); // it may wait for one that has no processor of the host
            }
            end.complete(null);
        } catch (RuntimeException | Error thrown) {
            end.completeExceptionally(thrown);
        }
    }

    /// Runs all vCPUs until they halt.
    void run(Duration atMost) throws Exception {
        var all = start();
        try {
            all.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            stopping = true;
            all.get(10, TimeUnit.SECONDS);
            throw new AssertionError("the guest does not end", late);
        } catch (ExecutionException failed) {
            stopping = true;
            throw new AssertionError(failed.getCause());
        }
    }

    long word(long address) {
        return guest.memory.readLong(address);
    }

    @Override
    public void close() {
        guest.close();
    }
}
