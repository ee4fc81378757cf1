package org.xenolith.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/// A freedom allows what it says and no more.
class ComparisonTest {
    private static final long RIP = Arena.CODE + 0x8000;
    private static final int PAGE_FAULT = 14;
    private static final int PROTECTION = 13;
    private static final int BREAKPOINT = 3;
    private static final long CARRY = UndefinedFlags.CARRY;

    private static CpuCase test(Freedom... freedoms) {
        return new CpuCase(
                "test",
                CodeMode.LONG,
                Bytes.of(new byte[] {(byte) 0x90}),
                Collections.nCopies(16, 0L),
                RIP,
                0x202,
                0,
                0,
                List.of(),
                FloatingState.initial(),
                new Allowance(0, false, false, Set.of(freedoms)));
    }

    private static CpuOutcome outcome(
            int vector, long rflags, long address, Bytes fxsave, MemoryPatch... changes) {
        return new CpuOutcome(
                Collections.nCopies(16, 0L),
                vector == BREAKPOINT ? RIP + 2 : RIP,
                rflags,
                0,
                0,
                vector,
                0,
                address,
                List.of(CodeMode.LONG.selector(), 0x2B, 0x2B, 0x2B, 0, 0),
                fxsave,
                List.of(changes));
    }

    private static CpuOutcome fault(int vector, long rflags, long address) {
        return outcome(vector, rflags, address, FloatingState.initial());
    }

    private static CpuOutcome end(Bytes fxsave, MemoryPatch... changes) {
        return outcome(BREAKPOINT, 0x202, 0, fxsave, changes);
    }

    private static Bytes image(int at, int... bytes) {
        var image = FloatingState.initial().toArray();
        for (int i = 0; i < bytes.length; i++) {
            image[at + i] = (byte) bytes[i];
        }
        return Bytes.of(image);
    }

    private static boolean agree(CpuCase test, CpuOutcome host, CpuOutcome ours) {
        return Comparison.differences(test, host, ours).isEmpty();
    }

    /// With the freedom they agree, without they do not.
    private static void assertFree(Freedom freedom, CpuOutcome host, CpuOutcome ours) {
        assertThat(agree(test(freedom), host, ours)).isTrue();
        assertThat(agree(test(), host, ours)).isFalse();
    }

    private static void assertNotFree(Freedom freedom, CpuOutcome host, CpuOutcome ours) {
        assertThat(agree(test(freedom), host, ours)).isFalse();
    }

    @Test
    void aLaneMayBeAnotherQuietNan() {
        int at = FloatingState.XMM0;
        var nan = end(image(at, 1, 0, 0xC0, 0x7F));
        assertFree(Freedom.NAN_OF_FLOAT32, nan, end(image(at, 2, 0, 0xC0, 0xFF)));
        assertNotFree(Freedom.NAN_OF_FLOAT32, nan, end(image(at, 2, 0, 0x80, 0x7F)));
        assertNotFree(Freedom.NAN_OF_FLOAT32, nan, end(image(at, 1, 0, 0xC0, 0x7F, 1)));
        assertNotFree(Freedom.NAN_OF_FLOAT64, nan, end(image(at, 2, 0, 0xC0, 0x7F)));
    }

    @Test
    void flagsAreThoseFromBeforeOrTheHosts() {
        var host = fault(PAGE_FAULT, 0x202 | CARRY, 0);
        assertFree(Freedom.FLAGS_OF_COMPARED_ELEMENTS, host, fault(PAGE_FAULT, 0x202, 0));
        assertNotFree(
                Freedom.FLAGS_OF_COMPARED_ELEMENTS,
                host,
                fault(PAGE_FAULT, 0x202 | UndefinedFlags.ZERO, 0));
    }

    @Test
    void anotherFaultIsStillAFault() {
        var host = fault(PAGE_FAULT, 0x202, 0x1000);
        assertFree(Freedom.ORDER_OF_FAULTS, host, fault(PROTECTION, 0x202, 0));
        assertFree(Freedom.ORDER_OF_FAULTS, host, fault(PAGE_FAULT, 0x202, 0x2000));
        assertNotFree(Freedom.ORDER_OF_FAULTS, host, end(FloatingState.initial()));
        assertNotFree(Freedom.ACROSS_4_GIB, host, fault(PAGE_FAULT, 0x202, 0x2000));
    }

    @Test
    void onlyTheEndOf4GiBMayExceedALimitOrNot() {
        var host = fault(PROTECTION, 0x202, 0);
        assertFree(Freedom.ACROSS_4_GIB, host, fault(PAGE_FAULT, 0x202, 0xFFFF_FFFFL));
        assertNotFree(Freedom.ACROSS_4_GIB, host, fault(PAGE_FAULT, 0x202, 0x1000));
    }

    @Test
    void aStoreThatAnExceptionStoppedMayFault() {
        var host = fault(PAGE_FAULT, 0x202, 0);
        var stopped = image(FloatingState.FSW, 0x81, 0x80);
        assertFree(Freedom.FAULT_OF_STOPPED_STORE, host, end(stopped));
        assertNotFree(Freedom.FAULT_OF_STOPPED_STORE, host, end(FloatingState.initial()));
    }

    @Test
    void aFaultMayBeAnywhereInItsOperand() {
        var host = fault(PAGE_FAULT, 0x202, 0x1FF8);
        assertFree(Freedom.FAULT_ADDRESS, host, fault(PAGE_FAULT, 0x202, 0x2000));
        assertNotFree(Freedom.FAULT_ADDRESS, host, fault(PAGE_FAULT, 0x202, 0x2008));
    }

    @Test
    void theStackMayBeTurnedButHoldsTheSame() {
        var turned = FloatingState.initial().toArray();
        turned[FloatingState.FSW + 1] = 1 << 3;
        turned[FloatingState.ST0 + 7 * 16] = 5;
        var host = outcome(PAGE_FAULT, 0x202, 0, Bytes.of(turned));
        var ours = outcome(PAGE_FAULT, 0x202, 0, image(FloatingState.ST0, 5));
        assertFree(Freedom.STACK_AFTER_FAULT, host, ours);
        assertNotFree(
                Freedom.STACK_AFTER_FAULT,
                host,
                outcome(PAGE_FAULT, 0x202, 0, image(FloatingState.ST0, 6)));
        assertNotFree(
                Freedom.STACK_AFTER_FAULT, end(Bytes.of(turned)), end(image(FloatingState.ST0, 5)));
    }

    @Test
    void onlyTheMisalignedExceptionMaskOfAnImageIsFree() {
        var before = Arena.background();
        int at = 0x100;
        var ours = before.clone();
        Arrays.fill(ours, at, at + 32, (byte) 0);
        var host = ours.clone();
        host[at + 30] = 2;
        var wrong = ours.clone();
        wrong[at + 30] = 4;
        assertFree(Freedom.MXCSR_MASK, stored(before, host), stored(before, ours));
        assertNotFree(Freedom.MXCSR_MASK, stored(before, wrong), stored(before, ours));
    }

    private static CpuOutcome stored(byte[] before, byte[] after) {
        var changes = new ArrayList<>(CpuOutcome.changes(before, after));
        return end(FloatingState.initial(), changes.toArray(MemoryPatch[]::new));
    }

    @Test
    void aStoreThatFaultsMayBeDoneInPart() {
        var part = new MemoryPatch(0, Bytes.of(new byte[8]));
        var host = fault(PAGE_FAULT, 0x202, 0);
        var ours = outcome(PAGE_FAULT, 0x202, 0, FloatingState.initial(), part);
        assertFree(Freedom.PART_OF_STORE, host, ours);
        assertNotFree(
                Freedom.PART_OF_STORE,
                end(FloatingState.initial()),
                end(FloatingState.initial(), part));
    }

    @Test
    void aDenormalMayBeAnUnderflowThatIsWrapped() {
        var least = end(extended(0, 1, 0));
        assertFree(Freedom.UNDERFLOW_OF_OPERAND, end(extended(0x8090, 1L << 63, 0x5FC2)), least);
        assertNotFree(Freedom.UNDERFLOW_OF_OPERAND, end(extended(0x8090, 1L << 63, 0x5FC3)), least);
    }

    /// A number in ST(0), with underflow not masked.
    private static Bytes extended(int status, long significand, int exponent) {
        var image = FloatingState.initial().toArray();
        FloatingState.putShort(image, FloatingState.FCW, 0x036F);
        FloatingState.putShort(image, FloatingState.FSW, status);
        for (int i = 0; i < 8; i++) {
            image[FloatingState.ST0 + i] = (byte) (significand >>> 8 * i);
        }
        FloatingState.putShort(image, FloatingState.ST0 + 8, exponent);
        return Bytes.of(image);
    }
}
