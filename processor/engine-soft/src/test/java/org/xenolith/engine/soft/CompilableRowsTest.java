package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.ir.Unit;
import org.xenolith.jit.Region;
import org.xenolith.x86.Decoder;
import org.xenolith.x86.InstructionSet;
import org.xenolith.x86.Lifter;
import org.xenolith.x86.Mode;

import java.util.HexFormat;

/// What a kernel executes often stays in its region, of whatever kind.
class CompilableRowsTest {
    /// 64-bit mode at CPL 0.
    private static final Mode KERNEL = new Mode(2 | 1 << 6 | 1 << 12);

    private static final long PC = 0x1000;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "F7 F1", // div ecx
                "48 F7 39", // idiv qword [rcx]
                "D3 E0", // shl eax, cl
                "66 D3 F8", // sar ax, cl
                "D2 C0", // rol al, cl
                "D1 D8", // rcr eax, 1
                "48 0F AC C2 05", // shrd rdx, rax, 5
                "0F A5 C2", // shld edx, eax, cl
                "0F AB C8", // bts eax, ecx
                "F0 48 0F BA 2F 03", // lock bts qword [rdi], 3
                "0F BC C1", // bsf eax, ecx
                "F0 0F B1 0F", // lock cmpxchg [rdi], ecx
                "F0 0F C1 07", // lock xadd [rdi], eax
                "65 48 0F C7 0F", // cmpxchg16b gs:[rdi]
                "9C", // pushf
                "9D", // popf
                "FA", // cli
                "FB", // sti
                "0F 01 CA", // clac
                "0F 01 CB", // stac
                "0F 01 F8", // swapgs
                "F3 48 0F AE C8", // rdgsbase rax
                "F3 0F AE D1", // wrfsbase ecx
                "8C D8", // mov eax, ds
                "0F A0", // push fs
                "C9", // leave
                "A4", // movsb
                "0F 1F 44 00 00", // nop
                "66 66 2E 0F 1F 84 00 00 00 00 00", // nop
                "F3 0F 1E FA", // endbr64
                "0F AE E8", // lfence
                "0F 18 08", // prefetcht0
                "0F C8", // bswap eax
                "48 98", // cdqe
                "D7" // xlat
            })
    void regionsHoldIt(String instruction) throws Exception {
        var unit = lift(HexFormat.of().parseHex(instruction.replace(" ", "")));
        assertThat(Region.isCompilable(unit)).as("bytecode of\n%s", unit).isTrue();
        assumeTrue(MachineCodeCompiler.isSupported());
        try (var compiler = new MachineCodeCompiler(true, 1 << 16)) {
            assertThat(compiler.canDo(unit)).as("machine code of\n%s", unit).isTrue();
        }
    }

    private static Unit lift(byte[] code) {
        var instruction =
                new Decoder(InstructionSet.ALL)
                        .decode(pc -> code[(int) (pc - PC)] & 0xFF, PC, KERNEL);
        assertThat(instruction.length()).isEqualTo(code.length);
        var lifter = new Lifter(KERNEL);
        lifter.lift(instruction);
        return lifter.unit();
    }
}
