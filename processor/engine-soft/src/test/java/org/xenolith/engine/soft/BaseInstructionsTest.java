package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.x86.Bits;

/// RDFSBASE and its kin in regions: CR4 may forbid them, and a base is canonical. A fault stops the
/// guest.
@ParameterizedClass
@EnumSource
class BaseInstructionsTest {
    private static final int SLICES_MAX = 100;
    private static final int RAX = 0;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final long BASE = 0x7FFF_1234_5678L;

    @Parameter private SoftEngine.Backend backend;

    private final Assembler code = new Assembler(TestGuest.CODE);
    private TestGuest guest;

    @AfterEach
    void end() {
        guest.close();
    }

    private void run() {
        guest = TestGuest.compiled(backend);
        guest.load(code.bytes(0xF4));
        guest.runToHalt(SLICES_MAX);
        assertThat(guest.engine.compiledRegions()).isPositive();
    }

    /// An exception with an error code of `errorBytes` has stopped the guest at `pc`.
    private void assertStoppedAt(long pc, int errorBytes) {
        assertThat(guest.register(4)).isEqualTo(TestGuest.HANDLER_STACK - 40 - errorBytes);
        assertThat(guest.memory.readLong(TestGuest.HANDLER_STACK - 40)).isEqualTo(pc);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void whatIsWrittenIsRead(int segment) {
        code.load(RDX, BASE).bytes(0xF3, 0x48, 0x0F, 0xAE, 0xD2 | segment << 3); // wr, rdx
        code.load(RAX, -1).bytes(0xF3, 0x0F, 0xAE, 0xC0 | segment << 3); // rd, eax
        code.bytes(0xF3, 0x48, 0x0F, 0xAE, 0xC3 | segment << 3); // rd, rbx
        run();
        assertThat(guest.register(RAX)).isEqualTo(BASE & 0xFFFF_FFFFL);
        assertThat(guest.register(RBX)).isEqualTo(BASE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0xC0, 0xC8, 0xD0, 0xD8})
    void theyAreUndefinedOnceControlRegister4SaysSo(int instruction) {
        code.bytes(0xB9).number(3, 4).bytes(0x31, 0xC0); // mov ecx, 3; xor eax, eax
        long top = code.here();
        code.bytes(0xF3, 0x48, 0x0F, 0xAE, instruction);
        code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85); // dec ecx; jnz
        code.bytes(0x0F, 0x20, 0xE0, 0x25).number(~Bits.CR4_FSGSBASE & 0xFFFF_FFFFL, 4);
        code.bytes(0x0F, 0x22, 0xE0).jump(top, 0xE9); // mov cr4, rax
        run();
        assertStoppedAt(top, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {0xD2, 0xDA})
    void aBaseThatIsNotCanonicalIsRefused(int instruction) {
        code.load(RDX, BASE).bytes(0xF3, 0x48, 0x0F, 0xAE, instruction);
        code.load(RDX, 1L << 47);
        long at = code.here();
        code.bytes(0xF3, 0x48, 0x0F, 0xAE, instruction);
        run();
        assertStoppedAt(at, 8);
    }
}
