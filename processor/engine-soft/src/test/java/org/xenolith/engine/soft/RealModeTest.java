package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.base.Sizes;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;
import org.xenolith.memory.GuestMemory;

import java.util.HexFormat;

/// A processor behind a start-up IPI.
class RealModeTest {
    private static final int START_PAGE = 0x10;

    private GuestMemory memory;
    private SoftEngine engine;
    private SoftVcpu vcpu;

    @BeforeEach
    void makeVcpu() {
        memory = GuestMemory.withRam(2 * Sizes.MIB, 0);
        engine =
                new SoftEngine(
                        memory,
                        Clock.system(),
                        Entropy.seeded(1),
                        new SoftEngine.Options(SoftEngine.Tier.HANDLERS, 0, true));
        vcpu = engine.createVcpu(0, CpuidTable.builder().build());
        vcpu.restore(VcpuState.powerOn(0).afterStartup(START_PAGE));
    }

    @AfterEach
    void close() {
        vcpu.close();
        engine.close();
        memory.close();
    }

    private void put(long at, String hex) {
        memory.write(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private long register(int number) {
        return vcpu.capture().general().registers().get(number);
    }

    @Test
    void equalOffsetsInTwoSegmentsAreDifferentCode() {
        put(0x10000, "40 EA 00 00 00 20"); // inc ax; jmp 2000:0000
        put(0x20000, "43 83 FB 03 74 05 EA 00 00 00 10 F4"); // inc bx; until it is 3: jmp 1000:0

        assertThat(vcpu.run(1000)).isEqualTo(new Exit.Halted());

        assertThat(register(Guest.RAX)).isEqualTo(3);
        assertThat(register(Guest.RBX)).isEqualTo(3);
    }

    @Test
    void interruptsGoThroughTheVectorTable() {
        put(0x21 * 4, "00 00 00 30"); // 3000:0000
        put(0x30000, "F4");
        put(0x10000, "BC 00 80 CD 21"); // mov sp,8000; int 21

        assertThat(vcpu.run(1000)).isEqualTo(new Exit.Halted());

        var state = vcpu.capture();
        assertThat(state.segments().cs().selector()).isEqualTo(0x3000);
        assertThat(memory.readShort(0x8000 - 6)).isEqualTo(5);
        assertThat(memory.readShort(0x8000 - 4)).isEqualTo(START_PAGE << 8);
    }

    @Test
    void offsetsBeyondTheSegmentFault() {
        put(13 * 4, "00 00 00 30");
        put(0x30000, "F4");
        put(0x10000, "BC 00 80 A1 FF FF"); // mov sp,8000; mov ax,[ffff]

        assertThat(vcpu.run(1000)).isEqualTo(new Exit.Halted());

        assertThat(vcpu.capture().segments().cs().selector()).isEqualTo(0x3000);
    }

    @Test
    void protectedModeIsEnteredByAFarJump() {
        put(0x11000, "00 00 00 00 00 00 00 00 FF FF 00 00 00 9B CF 00 FF FF 00 00 00 93 CF 00");
        put(0x10100, "17 00 00 10 01 00"); // limit, base of the table above
        // mov ax,cs; mov ds,ax; lgdt [100]; mov eax,cr0; or al,1; mov cr0,eax;
        // jmpf 0008:00012000
        put(
                0x10000,
                "8C C8 8E D8 66 0F 01 16 00 01 0F 20 C0 0C 01 0F 22 C0"
                        + "66 EA 00 20 01 00 08 00");
        put(0x12000, "B8 78 56 34 12 F4"); // mov eax,12345678; hlt

        assertThat(vcpu.run(1000)).isEqualTo(new Exit.Halted());

        assertThat(register(Guest.RAX)).isEqualTo(0x12345678);
    }
}
