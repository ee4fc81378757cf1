package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Machines with several vCPUs, each on a thread of its own.
@Timeout(120)
class SmpTest {
    private static final int UNEQUAL = 0x85;
    private static final int EAX = 0;
    private static final int ECX = 1;
    private static final int EDX = 2;

    /// Taken numbers, of [#number].
    private static final int NUMBERS = TinyKernel.DATA + 0x800;

    private static final int LOCK = TinyKernel.DATA + 0x900;
    private static final int COUNT = TinyKernel.DATA + 0xA00;
    private static final int DONE = TinyKernel.DATA + 0xB00;
    private static final int FUNCTION = 0x30_0000;
    private static final int INTERRUPTS = 0x31_0000;

    @TempDir private Path root;

    private Domain start(TinyKernel kernel, int vcpus) throws Exception {
        return Xenolith.create(
                DomainConfig.builder("smp")
                        .kernel(kernel.write(root.resolve("kernel")))
                        .memoryMib(8)
                        .vcpus(vcpus)
                        .build());
    }

    /// Code for all vCPUs behind a start by the first: `common` is where it begins.
    private static TinyKernel withOthers(TinyKernel kernel) {
        int length = kernel.here();
        var trial = new TinyKernel().startOthers(0).jump(0);
        int common = length + (trial.here() - TinyKernel.CODE);
        return kernel.startOthers(common).jump(common + 8).flatData();
    }

    /// lock xadd [NUMBERS], eax with 1: each vCPU gets a number of its own.
    private static void number(TinyKernel kernel) {
        kernel.load(EAX, 1).memory(EAX, NUMBERS, 0xF0, 0x0F, 0xC1);
    }

    @Test
    void allVcpusRunUntilPausedAndGoOnAfterwards() throws Exception {
        var kernel = withOthers(new TinyKernel());
        number(kernel);
        int top = kernel.here();
        kernel.bytes(0xF0, 0xFF, 0x04, 0x85).word(TinyKernel.DATA); // lock inc [DATA + eax*4]
        kernel.jump(top);
        try (var domain = start(kernel, 4)) {
            while (domain.vcpus().stream().anyMatch(vcpu -> vcpu.runNanos() == 0)) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            for (int round = 0; round < 10; round++) {
                domain.pause();
                var then = domain.fingerprint();
                TimeUnit.MILLISECONDS.sleep(2);
                assertThat(domain.fingerprint()).isEqualTo(then);
                domain.unpause();
                while (domain.fingerprint().equals(then)) {
                    TimeUnit.MILLISECONDS.sleep(1);
                }
            }
            domain.destroy();
        }
    }

    @Test
    void aThreadIsNamedAfterItsVcpu() throws Exception {
        try (var domain = start(new TinyKernel().print("x").bytes(0xFB, 0xF4), 2)) {
            domain.serial().reader().awaitText("x", Duration.ofSeconds(20));
            assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                    .contains("vcpu0-smp", "vcpu1-smp", "driver-smp");
        }
    }

    /// Four vCPUs, which may be more than the host has, take a lock that they spin on.
    @Test
    void aVcpuThatSpinsLetsTheOthersGoOn() throws Exception {
        int rounds = 2_000;
        int vcpus = 4;
        var kernel = withOthers(new TinyKernel());
        kernel.load(ECX, rounds);
        int top = kernel.here();
        kernel.load(EAX, 1).memory(EAX, LOCK, 0x87); // xchg [LOCK], eax
        kernel.bytes(0x85, 0xC0, 0x74, 4, 0xF3, 0x90, 0xEB, 0xED); // test; jz +4; pause; jmp top
        kernel.memory(EDX, COUNT, 0x8B).bytes(0x42).memory(EDX, COUNT, 0x89); // a plain increment
        kernel.storeWord(LOCK, 0);
        kernel.bytes(0xFF, 0xC9).jumpIf(UNEQUAL, top);
        kernel.memory(0, DONE, 0xF0, 0xFF); // lock inc
        number(kernel);
        kernel.bytes(0x85, 0xC0, 0x74, 2, 0xFA, 0xF4); // the first goes on, the others cli; hlt
        int wait = kernel.here();
        kernel.bytes(0xF3, 0x90).memory(7, DONE, 0x83).bytes(vcpus).jumpIf(UNEQUAL, wait);
        kernel.memory(7, COUNT, 0x81).word(vcpus * rounds);
        kernel.bytes(0x74, 4).bytes(0xEB, 0xFE, 0x90, 0x90).print("exact");
        kernel.jump(kernel.here());
        try (var domain = start(kernel, vcpus)) {
            domain.serial().reader().awaitText("exact", Duration.ofSeconds(60));
        }
    }

    /// The first vCPU rewrites a function and tells the other, which sleeps, by an interrupt.
    @Test
    void codeThatIsRewrittenBeforeAnInterruptRunsAsRewritten() throws Exception {
        int rounds = 1_000;
        int result = COUNT;
        var first = new TinyKernel();
        var second = interrupted(result);
        // The second vCPU's code is behind the first's, whose length does not depend on it.
        int target = TinyKernel.CODE + caller(0, rounds, result).length();
        var kernel = first.bytes(caller(target, rounds, result).code()).bytes(second.code());
        try (var domain = start(kernel, 2)) {
            domain.serial().reader().awaitText("done", Duration.ofSeconds(60));
        }
    }

    private static TinyKernel caller(int target, int rounds, int result) {
        int handler = target + 0x100;
        var kernel = new TinyKernel();
        kernel.storeByte(FUNCTION, 0xB8).storeWord(FUNCTION + 1, 0).storeByte(FUNCTION + 5, 0xC3);
        kernel.storeWord(INTERRUPTS + 8 * 0x40, 8 << 16 | handler & 0xFFFF);
        kernel.storeWord(INTERRUPTS + 8 * 0x40 + 4, handler & 0xFFFF_0000 | 0x8E00);
        kernel.storeWord(INTERRUPTS + 0x7F8, 0x7FF | (INTERRUPTS & 0xFFFF) << 16);
        kernel.storeWord(INTERRUPTS + 0x7FC, INTERRUPTS >>> 16);
        kernel.startOthers(target);
        int ready = kernel.here();
        kernel.bytes(0xF3, 0x90).memory(7, DONE, 0x83).bytes(1).jumpIf(UNEQUAL, ready);
        kernel.load(ECX, 0);
        int top = kernel.here();
        kernel.bytes(0x41).memory(ECX, FUNCTION + 1, 0x89);
        kernel.storeWord(0xFEE0_0310, 2 << 24).storeWord(0xFEE0_0300, 0x4040);
        int wait = kernel.here();
        kernel.bytes(0xF3, 0x90).memory(ECX, result, 0x3B).jumpIf(UNEQUAL, wait);
        kernel.bytes(0x81, 0xF9).word(rounds).jumpIf(UNEQUAL, top);
        return kernel.print("done").jump(kernel.here());
    }

    /// What the second vCPU does: sleeps, and in its interrupt handler calls the function.
    private static TinyKernel interrupted(int result) {
        var kernel = new TinyKernel().flatData();
        kernel.bytes(0xBC).word(0x40_0000); // mov esp
        kernel.bytes(0x0F, 0x01, 0x1D).word(INTERRUPTS + 0x7F8); // lidt
        kernel.storeWord(0xFEE0_00F0, 0x1FF); // the local APIC is on
        kernel.memory(0, DONE, 0xFF); // inc
        kernel.bytes(0xFB, 0xF4, 0xEB, 0xFC); // sti; hlt; jmp back
        while (kernel.length() < 0x100) {
            kernel.bytes(0x90);
        }
        kernel.bytes(0xB8).word(FUNCTION).bytes(0xFF, 0xD0); // mov eax, FUNCTION; call eax
        kernel.memory(EAX, result, 0x89);
        return kernel.storeWord(0xFEE0_00B0, 0).bytes(0xCF); // end of interrupt; iretd
    }
}
