package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;

import java.time.Duration;

/// Compiled code whose memory or mapping changes, and code without end.
@Timeout(60)
class CodeChangesTest {
    private static final int FUNCTION = 0x20000;
    private static final int OTHER = 0x21000;
    private static final int RAX = 0;
    private static final int RBX = 3;
    private static final int SLICES_MAX = 100_000;

    /// A loop over `body` with ecx counting down; rbx adds up eax.
    private static Assembler loop(Assembler code, int times, Runnable body) {
        code.bytes(0x31, 0xDB, 0xB9).number(times, 4);
        long top = code.here();
        body.run();
        return code.bytes(0x48, 0x01, 0xC3, 0xFF, 0xC9).jump(top, 0x0F, 0x85).bytes(0xF4);
    }

    /// `mov eax, value; ret`.
    private static Assembler function(long origin, int value) {
        return new Assembler(origin).bytes(0xB8).number(value, 4).bytes(0xC3);
    }

    @ParameterizedTest
    @EnumSource
    void codeThatChangesItselfThroughAnotherMappingRunsAsChanged(SoftEngine.Backend backend) {
        var code = new Assembler(TestGuest.CODE);
        // inc dword [ALIAS + FUNCTION + 1]; call FUNCTION
        loop(
                code,
                1000,
                () ->
                        code.bytes(0xFF, 0x04, 0x25)
                                .number(TestGuest.ALIAS + FUNCTION + 1, 4)
                                .call(FUNCTION));
        try (var guest = TestGuest.compiled(backend)) {
            guest.load(code);
            guest.load(function(FUNCTION, 0));
            guest.runToHalt(SLICES_MAX);
            assertThat(guest.register(RBX)).isEqualTo(1000 * 1001 / 2);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPageRemappedUnderItsCallerRunsAsMapped(SoftEngine.Backend backend) {
        var code = new Assembler(TestGuest.CODE);
        int entry = TestGuest.PAGE_TABLE + 8 * (FUNCTION >>> 12);
        // xor qword [entry], FUNCTION ^ OTHER; invlpg [FUNCTION]; call FUNCTION
        loop(
                code,
                1000,
                () ->
                        code.bytes(0x48, 0x81, 0x34, 0x25)
                                .number(entry, 4)
                                .number(FUNCTION ^ OTHER, 4)
                                .bytes(0x0F, 0x01, 0x3C, 0x25)
                                .number(FUNCTION, 4)
                                .call(FUNCTION));
        try (var guest = TestGuest.compiled(backend)) {
            guest.load(code);
            guest.load(function(FUNCTION, 1));
            guest.load(function(OTHER, 1000));
            guest.runToHalt(SLICES_MAX);
            assertThat(guest.register(RBX)).isEqualTo(500 * 1001);
        }
    }

    @ParameterizedTest
    @EnumSource
    void codeWrittenFromOutsideRunsAsWritten(SoftEngine.Backend backend) {
        var code = new Assembler(TestGuest.CODE);
        code.bytes(0xE8).number(FUNCTION - TestGuest.CODE - 5, 4).bytes(0xF4, 0xEB, 0xF8);
        try (var guest = TestGuest.compiled(backend)) {
            guest.load(code);
            for (int value = 1; value < 50; value++) {
                guest.load(function(FUNCTION, value));
                guest.runToHalt(SLICES_MAX);
                assertThat(guest.register(RAX)).isEqualTo(value);
                guest.vcpu.restore(resumed(guest));
            }
        }
    }

    private static VcpuState resumed(TestGuest guest) {
        return guest.vcpu.capture().withActivity(VcpuState.Activity.RUNNING);
    }

    @ParameterizedTest
    @EnumSource
    void aGuestThatMakesCodeWithoutEndStaysWithinBounds(SoftEngine.Backend backend) {
        int slots = Regions.REGIONS_MAX + 500;
        var code = new Assembler(TestGuest.CODE);
        // edx: slot; the function `mov eax, ecx's value; ret` is written there and called
        code.load(6, 0x50000).bytes(0x31, 0xD2);
        loop(
                code,
                2 * slots,
                () ->
                        code.bytes(0x48, 0x89, 0xD7, 0x48, 0xC1, 0xE7, 4, 0x48, 0x01, 0xF7)
                                .bytes(0xC6, 0x07, 0xB8, 0x89, 0x4F, 1, 0xC6, 0x47, 5, 0xC3)
                                .bytes(0xFF, 0xD7, 0xFF, 0xC2, 0x81, 0xFA)
                                .number(slots, 4)
                                .bytes(0x75, 2, 0x31, 0xD2));
        try (var guest = TestGuest.compiled(backend)) {
            guest.load(code);
            guest.runToHalt(SLICES_MAX);
            assertThat(guest.register(RBX)).isEqualTo((long) slots * (2 * slots + 1));
            assertThat(guest.engine.compiledRegions()).isGreaterThan(slots);
            assertThat(guest.engine.regionsInUse()).isLessThanOrEqualTo(Regions.REGIONS_MAX);
        }
    }

    @ParameterizedTest
    @EnumSource
    void hotCodeIsCompiledInTheBackgroundAndAKickLeavesIt(SoftEngine.Backend backend)
            throws Exception {
        var options = new SoftEngine.Options(SoftEngine.Tier.COMPILER, 0, 50, false, backend);
        try (var guest = new TestGuest(options, Translator.BLOCK_MAX)) {
            guest.load(new Assembler(TestGuest.CODE).bytes(0x48, 0xFF, 0xC0, 0xEB, 0xFB));
            while (guest.engine.compiledRegions() == 0) {
                assertThat(guest.vcpu.run(10_000)).isInstanceOf(Exit.Preempted.class);
            }
            var kicker =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    Thread.sleep(Duration.ofMillis(20));
                                } catch (InterruptedException stopped) {
                                    Thread.currentThread().interrupt();
                                }
                                guest.vcpu.kick();
                            });
            assertThat(guest.vcpu.run(Long.MAX_VALUE / 2)).isInstanceOf(Exit.Preempted.class);
            kicker.join();
            assertThat(guest.vcpu.instructionsRetired()).isEqualTo(2 * guest.register(RAX));
        }
    }
}
