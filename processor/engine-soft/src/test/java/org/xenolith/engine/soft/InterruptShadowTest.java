package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// STI within compiled regions: the instruction behind it is done before an interrupt, and what
/// waits comes soon.
@ParameterizedClass
@EnumSource(SoftEngine.Backend.class)
class InterruptShadowTest {
    private static final int COMPILE_AFTER = 20;
    private static final int R12 = 12;
    private static final int R13 = 13;
    private static final int R15 = 15;
    private static final long LAPS = 1L << 40;

    /// mov ecx, 3; dec ecx; jnz back: regions are left where it closes.
    private static final int[] INNER_LOOP = {0xB9, 3, 0, 0, 0, 0xFF, 0xC9, 0x75, 0xFC};

    /// Longer than any wait for a compiler.
    private static final int WARM_UPS_MAX = 20_000;

    @Parameter private SoftEngine.Backend backend;
    private TestGuest guest;

    @BeforeEach
    void makeGuest() {
        var options =
                new SoftEngine.Options(SoftEngine.Tier.COMPILER, 0, COMPILE_AFTER, false, backend);
        guest = new TestGuest(options, Translator.BLOCK_MAX);
    }

    @AfterEach
    void closeGuest() {
        guest.close();
    }

    /// Instructions between `cli` and `sti`, and behind `sti`, over and over.
    ///
    /// @return the address behind `sti`
    private long loop(int[] between, int[] behind) {
        var code = new Assembler(TestGuest.CODE).load(R15, LAPS);
        long top = code.here();
        code.bytes(0xFA).bytes(between).bytes(0xFB);
        long shadow = code.here();
        code.bytes(behind).bytes(0x49, 0xFF, 0xCF).jump(top, 0x0F, 0x85); // dec r15; jnz top
        guest.load(code.bytes(0xF4));
        warmUp();
        return shadow;
    }

    private void warmUp() {
        for (int run = 0; run < WARM_UPS_MAX && guest.engine.compiledRegions() == 0; run++) {
            assertThat(guest.vcpu.run(500)).isEqualTo(new Exit.Preempted());
            Thread.yield();
        }
        assertThat(guest.engine.compiledRegions()).isPositive();
        guest.vcpu.run(10_000);
    }

    private long rip() {
        return guest.vcpu.capture().general().rip();
    }

    @Test
    void aRegionGoesOnBehindSti() {
        loop(new int[] {0x90}, new int[] {0x90, 0x48, 0xFF, 0xC0}); // nop; inc rax
        int laps = 1000;
        long outside = Long.MAX_VALUE;
        for (int run = 0; run < WARM_UPS_MAX && outside >= laps / 10; run++) {
            long before = guest.vcpu.blocksExecuted();
            guest.vcpu.run(7 * laps);
            outside = guest.vcpu.blocksExecuted() - before;
            Thread.yield();
        }
        assertThat(outside).as("blocks outside regions in %d laps", laps).isLessThan(laps / 10);
        assertThat(guest.vcpu.run(1)).isEqualTo(new Exit.Preempted());
    }

    @Test
    void aWindowThatWaitsOpensSoonBehindStiButNotDirectly() {
        long shadow = loop(INNER_LOOP, new int[] {0x90, 0x48, 0xFF, 0xC0});
        int waited = 0;
        for (int window = 0; window < 2000; window++) {
            guest.vcpu.run(1 + window % 11);
            boolean shadowed = rip() == shadow;
            if (shadowed) {
                assertThat(guest.vcpu.canTakeInterrupt()).isFalse();
            }
            waited += guest.vcpu.canTakeInterrupt() ? 0 : 1;
            guest.vcpu.requestInterruptWindow(true);
            long before = guest.vcpu.instructionsRetired();
            assertThat(guest.vcpu.run(1000)).isEqualTo(new Exit.InterruptWindow());
            assertThat(rip()).isNotEqualTo(shadow);
            assertThat(guest.vcpu.instructionsRetired() - before).isLessThan(60);
        }
        assertThat(waited).isPositive();
    }

    @Test
    void anInterruptAcceptedBeforeStiIsTakenBehindTheNextInstruction() {
        // The handler counts what comes directly behind STI in rbx.
        long shadow = loop(INNER_LOOP, new int[] {0x90, 0x48, 0xFF, 0xC0});
        var handler =
                new Assembler(TestGuest.INTERRUPT_HANDLER)
                        .bytes(0x48, 0x81, 0x3C, 0x24) // cmp qword [rsp], shadow
                        .number(shadow, 4)
                        .bytes(0x0F, 0x94, 0xC2, 0x0F, 0xB6, 0xD2, 0x48, 0x01, 0xD3) // sete; add
                        .bytes(0x49, 0xFF, 0xC4, 0x48, 0xCF); // inc r12; iretq
        guest.load(handler);
        int accepted = 0;
        for (int attempt = 0; attempt < 3000; attempt++) {
            guest.vcpu.run(1 + attempt % 13);
            if (!guest.vcpu.canTakeInterrupt()) {
                accept(guest.vcpu.capture());
                accepted++;
                guest.vcpu.run(100);
            }
        }
        guest.vcpu.run(1000);
        assertThat(accepted).isPositive();
        assertThat(guest.register(R12)).isEqualTo(accepted);
        assertThat(guest.register(3)).as("interrupts directly behind STI").isZero();
    }

    private void accept(VcpuState state) {
        var pending = state.pending();
        guest.vcpu.restore(
                new VcpuState(
                        state.general(),
                        state.segments(),
                        state.control(),
                        state.debug(),
                        state.msrs(),
                        state.fxsave(),
                        new VcpuState.Pending(
                                TestGuest.INTERRUPT,
                                pending.nmi(),
                                pending.nmiBlocked(),
                                pending.interruptShadow()),
                        state.activity()));
    }

    @Test
    void aMissDirectlyBehindStiKeepsTheShadow() {
        // What crosses a page is not done by regions.
        var code = new Assembler(TestGuest.CODE).load(R15, LAPS);
        long top = code.here();
        code.bytes(0xFA, 0x90, 0xFB);
        long shadow = code.here();
        code.bytes(0x49, 0x8B, 0x86).number(0xFFC, 4); // mov rax, [r14 + 0xffc]
        code.bytes(0x49, 0xFF, 0xCF).jump(top, 0x0F, 0x85); // dec r15; jnz top
        guest.load(code.bytes(0xF4));
        warmUp();
        int met = 0;
        for (int run = 0; run < 500; run++) {
            guest.vcpu.run(1);
            var state = guest.vcpu.capture();
            if (state.general().rip() == shadow) {
                met++;
                assertThat(state.pending().interruptShadow()).isTrue();
                assertThat(guest.vcpu.canTakeInterrupt()).isFalse();
            } else {
                assertThat(state.pending().interruptShadow()).isFalse();
            }
        }
        assertThat(met).isPositive();
    }

    @Test
    void noWakeUpIsLostBetweenStiAndHlt() throws Exception {
        // rax counts events that have been seen; it sleeps only if there are no others.
        var code = new Assembler(TestGuest.CODE).load(0, 0).load(R13, 0);
        long idle = code.here();
        code.bytes(0xFA, 0x4C, 0x39, 0xE0); // cli; cmp rax, r12
        code.bytes(0x75, 0x04, 0xFB, 0xF4, 0xEB, 0xF5); // jne work; sti; hlt; jmp idle
        code.bytes(0x4C, 0x89, 0xE0, 0xFB, 0x90).jump(idle, 0xE9); // work: mov rax, r12; sti; nop
        guest.load(code);
        guest.load(
                new Assembler(TestGuest.INTERRUPT_HANDLER)
                        .bytes(0x49, 0xFF, 0xC4, 0x48, 0xCF)); // inc r12; iretq
        int events = 30_000;
        var raised = new AtomicInteger();
        var slept = new AtomicBoolean();
        var other = new Thread(() -> raise(events, raised, slept));
        other.start();
        int delivered = 0;
        while (delivered < events || guest.register(0) != events) {
            // Short runs end everywhere, directly behind STI too.
            var exit = guest.vcpu.run(1 + delivered % 4);
            boolean waits = raised.get() > delivered;
            if (waits && guest.vcpu.canTakeInterrupt()) {
                guest.vcpu.requestInterruptWindow(false);
                guest.vcpu.interrupt(TestGuest.INTERRUPT);
                delivered++;
            } else if (waits) {
                guest.vcpu.requestInterruptWindow(true);
            } else if (exit instanceof Exit.Halted) {
                assertThat(guest.register(0)).as("seen when it sleeps").isEqualTo(delivered);
                slept.set(true);
                Thread.yield();
            }
        }
        other.join();
        assertThat(guest.engine.compiledRegions()).isPositive();
    }

    /// Raises events, mostly when the guest sleeps, else at any time.
    private void raise(int events, AtomicInteger raised, AtomicBoolean slept) {
        for (int event = 0; event < events; event++) {
            if (event % 2 == 0) {
                for (int wait = 0; wait < 1000 && !slept.get(); wait++) {
                    Thread.yield();
                }
            }
            slept.set(false);
            raised.incrementAndGet();
            guest.vcpu.kick();
        }
    }

    @Test
    void popfThatSetsTheInterruptFlagLetsTheWindowOpen() {
        // pushf; cli; loop; popf; inc rax
        var code = new Assembler(TestGuest.CODE).load(R15, LAPS);
        long top = code.here();
        code.bytes(0x9C, 0xFA).bytes(INNER_LOOP).bytes(0x9D, 0x48, 0xFF, 0xC0);
        code.bytes(0x49, 0xFF, 0xCF).jump(top, 0x0F, 0x85);
        guest.load(code.bytes(0xF4));
        warmUp();
        int waited = 0;
        for (int window = 0; window < 1000; window++) {
            guest.vcpu.run(1 + window % 7);
            waited += guest.vcpu.canTakeInterrupt() ? 0 : 1;
            guest.vcpu.requestInterruptWindow(true);
            long before = guest.vcpu.instructionsRetired();
            assertThat(guest.vcpu.run(1000)).isEqualTo(new Exit.InterruptWindow());
            assertThat(guest.vcpu.instructionsRetired() - before).isLessThan(60);
        }
        assertThat(waited).isPositive();
    }
}
