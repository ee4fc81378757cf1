package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.testkit.Fuzz;
import org.xenolith.xen.ShutdownReason;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Whole machines with guests of a few instructions, through the Java API.
class GuestTest {
    private static final ShutdownActions DESTROY_ALWAYS =
            new ShutdownActions(
                    ShutdownAction.DESTROY,
                    ShutdownAction.DESTROY,
                    ShutdownAction.DESTROY,
                    ShutdownAction.DESTROY,
                    ShutdownAction.DESTROY);

    @TempDir private Path root;

    @Test
    void aGuestSpeaksAndPowersOff() throws Exception {
        try (var domain = start(new TinyKernel().print("hello\n").shutDown(0))) {
            assertThat(end(domain)).contains(ShutdownReason.POWEROFF);
            assertThat(domain.serial().text()).isEqualTo("hello\n");
        }
    }

    @Test
    void aGuestReadsWhatIsTyped() throws Exception {
        var kernel = new TinyKernel().print("?");
        int poll = kernel.here();
        kernel.bytes(0x66, 0xBA, 0xFD, 0x03, 0xEC) // mov dx, 0x3fd; in al, dx
                .bytes(0xA8, 0x01, 0x74, 0xF7); // test al, 1; jz poll
        assertThat(kernel.here()).isEqualTo(poll + 9);
        kernel.bytes(0x66, 0xBA, 0xF8, 0x03, 0xEC, 0xFE, 0xC0, 0xEE) // in; inc al; out
                .jump(poll);
        try (var domain = start(kernel)) {
            var reader = domain.serial().reader();
            reader.awaitText("?", Duration.ofSeconds(20));
            domain.serial().send("HAL".repeat(3000));
            assertThat(reader.awaitText("IBM".repeat(3000), Duration.ofSeconds(20)))
                    .isEqualTo("IBM".repeat(3000));
        }
    }

    @Test
    void aGuestThatRunsWildIsPausedAndDestroyed() throws Exception {
        var kernel = new TinyKernel().print("wild").bytes(0xFA); // cli
        try (var domain = start(kernel.jump(kernel.here()))) {
            domain.serial().reader().awaitText("wild", Duration.ofSeconds(20));
            assertThat(domain.state()).isEqualTo(DomainState.RUNNING);
            domain.pause();
            var ran = domain.vcpus().getFirst();
            assertThat(ran.instructions()).isPositive();
            assertThat(domain.vcpus().getFirst()).isEqualTo(ran);
            domain.unpause();
            domain.destroy();
            assertThat(end(domain)).isEmpty();
        }
    }

    @Test
    void aPinnedVcpuRunsWhereItIsAllowedTo() throws Exception {
        var kernel = new TinyKernel().print("wild").bytes(0xFA); // cli
        try (var domain = start(kernel.jump(kernel.here()))) {
            domain.serial().reader().awaitText("wild", Duration.ofSeconds(20));
            var thread = vcpuThread();
            int first = Integer.parseInt(allowed(thread).split("[,-]")[0]);
            var affinity = new Affinity(new TreeSet<>(Set.of(first)), new TreeSet<>());
            domain.processors().pin(0, affinity);
            assertThat(domain.vcpus().getFirst().affinity()).isEqualTo(affinity);
            while (!allowed(thread).equals(Integer.toString(first))) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThatThrownBy(() -> domain.processors().pin(1, affinity))
                    .hasMessage("there is no vCPU 1; the domain has 1");
            var nowhere = new Affinity(new TreeSet<>(Set.of(8000)), new TreeSet<>());
            assertThatThrownBy(() -> domain.processors().pin(0, nowhere))
                    .isInstanceOf(DomainException.class)
                    .hasMessageStartingWith("the host lets nobody run on processors [8000]");
        }
    }

    private static Path vcpuThread() throws Exception {
        try (var threads = Files.list(Path.of("/proc/self/task"))) {
            return threads.filter(GuestTest::isVcpu).findFirst().orElseThrow();
        }
    }

    private static boolean isVcpu(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).startsWith("vcpu0-tiny");
        } catch (IOException _) {
            return false; // it has ended
        }
    }

    private static String allowed(Path thread) throws Exception {
        return Files.readAllLines(thread.resolve("status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    @Test
    @Timeout(60)
    void aGuestThatWaitsForAnInterruptIsBlocked() throws Exception {
        try (var domain = start(new TinyKernel().print("bye").bytes(0xFB, 0xF4))) { // sti; hlt
            domain.serial().reader().awaitText("bye", Duration.ofSeconds(20));
            while (domain.state() != DomainState.BLOCKED) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
        }
    }

    @Test
    void haltingForGoodPowersOff() throws Exception {
        try (var domain = start(new TinyKernel().bytes(0xFA, 0xF4))) { // cli; hlt
            assertThat(end(domain)).contains(ShutdownReason.POWEROFF);
        }
    }

    @Test
    void aTripleFaultIsACrashWithItsRegistersInTheLog() throws Exception {
        var kernel = new TinyKernel().load(6, 0x1234_5678).bytes(0x0F, 0x0B); // ud2 without IDT
        try (var domain = start(kernel)) {
            assertThat(end(domain)).contains(ShutdownReason.CRASH);
            assertThat(String.join("\n", domain.log().lines()))
                    .contains("triple fault")
                    .contains("rip 0000000000100005")
                    .contains("rsi 0000000012345678")
                    .contains("<0f> 0b");
        }
    }

    @Test
    @Timeout(60)
    void anApplicationProcessorStartsByInitAndSipi() throws Exception {
        var trampoline =
                new int[] {
                    0xBA,
                    0xF8,
                    0x03,
                    0xB0,
                    'A',
                    0xEE,
                    0xB0,
                    'P',
                    0xEE,
                    0xFB,
                    0xF4 // out "AP"; sti; hlt
                };
        var kernel = new TinyKernel();
        for (int i = 0; i < trampoline.length; i++) {
            kernel.storeByte(0x1_0000 + i, trampoline[i]);
        }
        kernel.storeWord(0xFEE0_0310, 2 << 24) // destination: the second vCPU's APIC id
                .storeWord(0xFEE0_0300, 0x4500) // INIT
                .storeWord(0xFEE0_0300, 0x4610) // start-up at 0x10 * 4096
                .jump(kernel.here());
        var config =
                DomainConfig.builder("two")
                        .kernel(kernel.write(root.resolve("kernel")))
                        .memoryMib(8)
                        .vcpus(2)
                        .build();
        try (var domain = Xenolith.create(config)) {
            assertThat(domain.vcpus()).hasSize(2);
            domain.serial().reader().awaitText("AP", Duration.ofSeconds(20));
            while (!domain.vcpus().get(1).blocked()) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThat(domain.vcpus().get(1).online()).isTrue();
        }
    }

    @Test
    void aRebootBeginsAnew() throws Exception {
        var config =
                DomainConfig.builder("again")
                        .kernel(new TinyKernel().print("x").shutDown(1).write(root.resolve("k")))
                        .memoryMib(8)
                        .build();
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("xxxxx", Duration.ofSeconds(30));
        }
    }

    @Test
    @Tag("fuzz")
    void randomHypercallsAreAnsweredAndNothingBreaks() throws Exception {
        var fuzz = new Fuzz(41, 8);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var kernel = new TinyKernel();
            for (int call = 0; call < 200; call++) {
                kernel.load(0, number(random));
                for (int register : new int[] {3, 1, 2, 6, 7}) {
                    kernel.load(register, argument(random));
                }
                kernel.vmcall();
            }
            survives(kernel.jump(TinyKernel.CODE), fuzz.toString());
        }
    }

    @Test
    @Tag("fuzz")
    void randomCodeCausesOnlyTrapsAndCrashes() throws Exception {
        var fuzz = new Fuzz(42, 40);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var code = new byte[2000];
            random.nextBytes(code);
            survives(new TinyKernel().bytes(code), fuzz.toString());
        }
    }

    @Test
    void filesThatCannotBootAreRefusedByName() throws Exception {
        var missing = root.resolve("missing");
        refused(missing, missing + ": no such file");
        var text = Files.writeString(root.resolve("text"), "not a kernel at all");
        refused(text, text + ": neither an ELF file nor a Linux bzImage");
        var empty = Files.writeString(root.resolve("empty"), "");
        refused(empty, empty + ": the file is empty");
    }

    private void refused(Path kernel, String message) {
        var config = DomainConfig.builder("no").kernel(kernel).memoryMib(8).build();
        assertThatThrownBy(() -> Xenolith.create(config))
                .isInstanceOf(DomainException.class)
                .hasMessage(message);
    }

    private static int number(SplittableRandom random) {
        return random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(60);
    }

    private static int argument(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt();
            case 1 -> TinyKernel.DATA + random.nextInt(4096);
            case 2 -> TinyKernel.CODE + random.nextInt(4096);
            default -> random.nextInt(40);
        };
    }

    /// Runs for a while; whatever the guest did, our side is sound and the domain can be ended.
    private void survives(TinyKernel kernel, String what) throws Exception {
        try (var domain = start(kernel)) {
            try {
                domain.ended().get(50, TimeUnit.MILLISECONDS);
            } catch (TimeoutException _) {
                domain.destroy();
            }
            assertThat(domain.log().lines())
                    .as(what)
                    .noneMatch(line -> line.contains("an invariant is broken"));
        }
    }

    private Domain start(TinyKernel kernel) throws Exception {
        return Xenolith.create(
                DomainConfig.builder("tiny")
                        .kernel(kernel.write(root.resolve("kernel")))
                        .memoryMib(8)
                        .actions(DESTROY_ALWAYS)
                        .build());
    }

    private static Optional<ShutdownReason> end(Domain domain) throws Exception {
        return domain.ended().get(30, TimeUnit.SECONDS);
    }
}
