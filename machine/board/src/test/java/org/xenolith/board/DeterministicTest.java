package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Machines that do the same in every run.
@Timeout(120)
class DeterministicTest {
    private static final ShutdownActions KEEP =
            new ShutdownActions(
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE);
    private static final int COUNTER = 0x30_0000;
    private static final int TIMES = 0x31_0000;

    @TempDir private Path root;

    /// Two vCPUs that add to a counter without a lock, which loses some in a way that depends on
    /// who runs when; the first then notes what it reads of time and chance.
    private TinyKernel race() {
        var trampoline =
                new int[] {
                    0x66,
                    0xB8,
                    0x10,
                    0,
                    0,
                    0, // mov eax, 0x10
                    0x8E,
                    0xD8, // mov ds, ax: real mode, base 0x100
                    0x66,
                    0xFF,
                    0x06,
                    0x00,
                    0x10, // inc dword [0x1000]
                    0xEB,
                    0xF9 // jmp back
                };
        var kernel = new TinyKernel();
        for (int i = 0; i < trampoline.length; i++) {
            kernel.storeByte(0x1_0000 + i, trampoline[i]);
        }
        kernel.storeWord(0xFEE0_0310, 2 << 24)
                .storeWord(0xFEE0_0300, 0x4500)
                .storeWord(0xFEE0_0300, 0x4610);
        kernel.load(1, 3_000_000); // ecx
        int top = kernel.here();
        kernel.bytes(0xFF, 0x05).bytes(0x00, 0x11, 0, 0); // inc dword [0x1100]
        kernel.bytes(0xFF, 0xC9, 0x75, top - (kernel.here() + 4)); // dec ecx; jnz top
        kernel.bytes(0xA1).bytes(0x00, 0x11, 0, 0); // mov eax, [0x1100]
        kernel.bytes(0xA3).bytes(COUNTER, COUNTER >>> 8, COUNTER >>> 16, COUNTER >>> 24);
        kernel.bytes(0x0F, 0xC7, 0xF0); // rdrand eax
        kernel.bytes(0xA3).bytes(TIMES, TIMES >>> 8, TIMES >>> 16, TIMES >>> 24);
        kernel.bytes(0x0F, 0x31); // rdtsc
        kernel.bytes(0xA3).bytes(TIMES + 4, TIMES >>> 8, TIMES >>> 16, TIMES >>> 24);
        return kernel.print("end").shutDown(0);
    }

    private String run(long seed) throws Exception {
        var config =
                DomainConfig.builder("same")
                        .kernel(race().write(root.resolve("kernel")))
                        .memoryMib(8)
                        .vcpus(2)
                        .actions(KEEP)
                        .deterministic(seed)
                        .build();
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("end", Duration.ofSeconds(60));
            while (domain.state() != DomainState.SHUTDOWN) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThat(domain.log().lines()).noneMatch(line -> line.contains("invariant"));
            return domain.fingerprint();
        }
    }

    @Test
    void theSameSeedEndsInTheSameStateAndAnotherDoesNot() throws Exception {
        var first = run(7);
        assertThat(run(7)).isEqualTo(first);
        assertThat(run(8)).isNotEqualTo(first);
    }

    @Test
    void aPauseChangesNothing() throws Exception {
        var undisturbed = run(7);
        var config =
                DomainConfig.builder("same")
                        .kernel(race().write(root.resolve("kernel")))
                        .memoryMib(8)
                        .vcpus(2)
                        .actions(KEEP)
                        .deterministic(7)
                        .build();
        try (var domain = Xenolith.create(config)) {
            while (domain.state() != DomainState.SHUTDOWN) {
                domain.pause();
                domain.unpause();
                TimeUnit.MILLISECONDS.sleep(20);
            }
            assertThat(domain.fingerprint()).isEqualTo(undisturbed);
        }
    }

    @Test
    void anIdleGuestsTimeGoesOnWithTheHosts() throws Exception {
        // sti; hlt, for ever
        var kernel = new TinyKernel().print("idle").bytes(0xFB, 0xF4, 0xEB, 0xFC);
        var config =
                DomainConfig.builder("idle")
                        .kernel(kernel.write(root.resolve("kernel")))
                        .memoryMib(8)
                        .actions(KEEP)
                        .deterministic(1)
                        .build();
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("idle", Duration.ofSeconds(20));
            while (domain.state() != DomainState.BLOCKED) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            domain.destroy();
            assertThat(domain.ended().get(10, TimeUnit.SECONDS)).isEmpty();
        }
    }
}
