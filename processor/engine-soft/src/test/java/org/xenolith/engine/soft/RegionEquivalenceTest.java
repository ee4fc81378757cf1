package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.engine.Exit;

import java.util.SplittableRandom;

/// Compiled regions, forced on from the first execution, against the evaluator: the same state
/// wherever they stop, with interrupts at places chosen by the stops.
class RegionEquivalenceTest {
    private static final int PROGRAMS = Integer.getInteger("xenolith.programs", 15);
    private static final int STOPS_MAX = 200;
    private static final int ATTEMPTS_MAX = 4;

    @ParameterizedTest
    @EnumSource
    void regionsAndTheEvaluatorAgreeWhereverTheyStop(SoftEngine.Backend backend) {
        int compiled = 0;
        for (long seed = 1; seed <= PROGRAMS; seed++) {
            try (var guest = TestGuest.compiled(backend)) {
                compare(seed, 0, guest);
                compiled += guest.engine.compiledRegions();
            }
        }
        assertThat(compiled).isGreaterThan(PROGRAMS);
    }

    @ParameterizedTest
    @EnumSource
    void codeThatMayLieAnywhereDoesToo(SoftEngine.Backend backend) {
        for (long seed = 1; seed <= PROGRAMS; seed++) {
            try (var guest = TestGuest.compiled(backend)) {
                compare(seed, TestGuest.RANDOM_ADDRESSES[0], guest);
                assertThat(guest.engine.compiledRegions()).isPositive();
            }
        }
    }

    /// Where regions of machine code jump straight to each other, see [DirectLinksTest].
    @ParameterizedTest
    @EnumSource
    void codeOfTheUpperHalfDoesToo(SoftEngine.Backend backend) {
        int linked = 0;
        for (long seed = 1; seed <= PROGRAMS; seed++) {
            try (var guest = TestGuest.compiled(backend)) {
                compare(seed, TestGuest.UPPER_ADDRESS, guest);
                linked += guest.engine.directLinks();
            }
        }
        if (backend == SoftEngine.Backend.MACHINE_CODE && MachineCodeCompiler.isSupported()) {
            assertThat(linked).isGreaterThan(PROGRAMS);
        }
    }

    /// A program of this seed on a new guest, its addresses `base` further on.
    static void compare(long seed, long base, TestGuest guest) {
        var random = new SplittableRandom(seed);
        var program = RandomProgram.next(random);
        try (var reference = TestGuest.evaluated()) {
            guest.load(program);
            reference.load(program);
            guest.moveTo(base);
            reference.moveTo(base);
            for (int stop = 0; stop < STOPS_MAX; stop++) {
                var exit = guest.vcpu.run(1 + random.nextInt(300));
                follow(guest, reference, "seed %d stop %d".formatted(seed, stop));
                if (exit instanceof Exit.Halted) {
                    break;
                }
                if (random.nextInt(4) == 0 && guest.vcpu.canTakeInterrupt()) {
                    assertThat(reference.vcpu.canTakeInterrupt()).isTrue();
                    guest.vcpu.interrupt(TestGuest.INTERRUPT);
                    reference.vcpu.interrupt(TestGuest.INTERRUPT);
                }
            }
        }
    }

    /// The reference executes as many instructions. A fault that one has delivered already, with no
    /// instruction behind it yet, is waited for.
    private static void follow(TestGuest guest, TestGuest reference, String name) {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            catchUp(guest, reference, name);
            if (guest.registers().equals(reference.registers())) {
                break;
            }
            guest.vcpu.run(1);
        }
        assertThat(guest.registers()).as(name).isEqualTo(reference.registers());
        long at = guest.memory.segment().mismatch(reference.memory.segment());
        assertThat(at).as("%s at %x: memory %x", name, rip(guest), at).isEqualTo(-1);
    }

    private static long rip(TestGuest guest) {
        return guest.vcpu.capture().general().rip();
    }

    private static void catchUp(TestGuest guest, TestGuest reference, String name) {
        long retired = guest.vcpu.instructionsRetired();
        while (reference.vcpu.instructionsRetired() < retired) {
            var exit = reference.vcpu.run(1);
            if (exit instanceof Exit.Halted) {
                break;
            }
        }
        assertThat(reference.vcpu.instructionsRetired()).as(name).isEqualTo(retired);
    }
}
