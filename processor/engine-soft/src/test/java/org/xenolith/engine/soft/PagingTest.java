package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.Guest.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.stream.Stream;

/// Laws that hold with every kind of paging (SDM vol. 3A, chapter 5).
@ParameterizedClass
@MethodSource("kinds")
class PagingTest {
    private static final String LOAD = "8B 03 F4"; // mov eax,[rbx]; hlt
    private static final String STORE = "89 03 F4"; // mov [rbx],eax; hlt
    private static final int ACCESSED = 1 << 5;
    private static final int DIRTY = 1 << 6;

    static Stream<Arguments> kinds() {
        return Arrays.stream(Guest.Paging.values())
                .flatMap(paging ->
                        Arrays.stream(Execution.values())
                                .map(execution -> Arguments.of(paging, execution)));
    }

    @Parameter(0)
    private Guest.Paging paging;

    @Parameter(1)
    private Execution execution;

    private Guest guest;

    @BeforeEach
    void makeGuest() {
        guest = new Guest(execution, paging);
        guest.register(RBX, DATA + 8);
    }

    @AfterEach
    void closeGuest() {
        guest.close();
    }

    private void assertPageFault(long errorCode, long address) {
        var fault = guest.fault();
        assertThat(fault.vector()).isEqualTo(14);
        assertThat(fault.errorCode()).isEqualTo(errorCode);
        assertThat(guest.state().control().cr2()).isEqualTo(address);
    }

    @Test
    void readingAnAbsentPageFaultsWithoutTheProtectionBit() {
        guest.mapPage(DATA, 0);
        guest.code(LOAD);

        assertPageFault(0, DATA + 8);
    }

    @Test
    void writingAnAbsentPageTellsThatItWasAWrite() {
        guest.mapPage(DATA, 0);
        guest.code(STORE);

        assertPageFault(2, DATA + 8);
    }

    @Test
    void aReadOnlyPageIsReadOnlyForTheSupervisorTooIfWriteProtectIsSet() {
        guest.mapPage(DATA, DATA | 1);
        guest.code(STORE);

        assertPageFault(3, DATA + 8);
    }

    @Test
    void theSupervisorWritesReadOnlyPagesIfWriteProtectIsClear() {
        guest.control(CR0_WP, 0, 0);
        guest.mapPage(DATA, DATA | 1);
        guest.register(RAX, 42);
        guest.code(STORE);

        guest.runToHalt();

        assertThat(guest.memory().readInt(DATA + 8)).isEqualTo(42);
    }

    @Test
    void userModeMayNotReadPagesOfTheSupervisor() {
        guest.enterUserMode();
        guest.put(USER_CODE, LOAD);

        assertPageFault(5, DATA + 8);
    }

    @Test
    void userModeMayNotWriteReadOnlyPagesWhateverWriteProtectSays() {
        guest.control(CR0_WP, 0, 0);
        guest.mapPage(USER_DATA, USER_DATA | 5);
        guest.enterUserMode();
        guest.register(RBX, USER_DATA);
        guest.put(USER_CODE, STORE);

        assertPageFault(7, USER_DATA);
    }

    @Test
    void aReadSetsTheAccessedBitOnly() {
        guest.code(LOAD);

        guest.runToHalt();

        assertThat(guest.entry(DATA) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED);
    }

    @Test
    void aWriteAfterAReadSetsTheDirtyBit() {
        guest.code("8B 03 89 03 F4"); // mov eax,[rbx]; mov [rbx],eax; hlt

        guest.runToHalt();

        assertThat(guest.entry(DATA) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED | DIRTY);
    }

    @Test
    void aWriteThatFaultsLeavesThePageClean() {
        guest.mapPage(DATA, DATA | 1);
        guest.code(STORE);

        guest.fault();

        assertThat(guest.entry(DATA) & DIRTY).isZero();
    }

    @Test
    void aWriteAcrossTwoPagesHappensWholeOrNotAtAll() {
        guest.mapPage(DATA + 4096, 0);
        guest.register(RBX, DATA + 4094);
        guest.register(RAX, 0x11223344);
        guest.code(STORE);

        assertPageFault(2, DATA + 4096);
        assertThat(guest.memory().readShort(DATA + 4094)).isZero();
    }

    @Test
    void aReadAcrossTwoPagesTakesBytesOfBoth() {
        guest.mapPage(DATA + 4096, USER_DATA + 4096 | 3);
        guest.memory().writeShort(DATA + 4094, 0x3344);
        guest.memory().writeShort(USER_DATA + 4096, 0x1122);
        guest.register(RBX, DATA + 4094);
        guest.code(LOAD);

        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0x11223344);
    }

    @Test
    void aNewMappingHoldsAfterInvlpg() {
        guest.memory().writeInt(DATA + 8, 1);
        guest.memory().writeInt(DATA + 0x5008, 2);
        // mov eax,[rbx]; hlt; invlpg [rbx]; mov eax,[rbx]; hlt
        guest.code("8B 03 F4 0F 01 3B 8B 03 F4");
        guest.runToHalt();
        guest.mapPage(DATA, DATA + 0x5000 | 3);
        guest.vcpu().nonMaskableInterrupt();
        guest.gate(2, CODE_SELECTOR, 0x8E, 0);
        // The NMI wakes it; its handler returns.
        guest.put(HANDLERS + 32, guest.isLong() ? "48 CF" : "CF");

        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(2);
    }

    @Test
    void smepKeepsTheSupervisorFromExecutingPagesOfUserMode() {
        guest.control(0, 0, CR4_SMEP);
        guest.register(RBX, USER_CODE);
        guest.put(USER_CODE, "F4");
        guest.code("FF E3"); // jmp rbx

        assertPageFault(0x11, USER_CODE);
    }

    @Test
    void smapKeepsTheSupervisorFromReadingPagesOfUserMode() {
        guest.control(0, 0, CR4_SMAP);
        guest.register(RBX, USER_DATA);
        guest.code(LOAD);

        assertPageFault(1, USER_DATA);
    }

    @Test
    void stacAllowsTheSupervisorToReachPagesOfUserModeAndClacForbidsItAgain() {
        guest.control(0, 0, CR4_SMAP);
        guest.register(RBX, USER_DATA);
        guest.code("0F 01 CB 89 03 0F 01 CA 8B 03 F4"); // stac; mov [rbx],eax; clac; mov eax,[rbx]

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(14);
        assertThat(fault.errorCode()).isEqualTo(1);
        assertThat(fault.rip()).isEqualTo(CODE + 8);
    }

    @Test
    void translationForDebuggersFollowsTheTablesAndChangesNothing() {
        guest.mapPage(DATA, USER_DATA | 3);

        assertThat(guest.vcpu().translate(DATA + 5)).isEqualTo(USER_DATA + 5);
        assertThat(guest.entry(DATA) & ACCESSED).isZero();
    }

    @Test
    void aLargePageReachesAllOfItself() {
        long bytes = largePageBytes();
        guest.memory().writeInt(bytes + 0x12340, 7);
        mapLarge(1, bytes | 0x83);
        guest.register(RBX, bytes + 0x12340);
        guest.code(LOAD);

        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(7);
    }

    @Test
    void reservedBitsOfALargePageFault() {
        long bytes = largePageBytes();
        long reserved = paging == Guest.Paging.LEGACY ? 1 << 21 : 1 << 13;
        mapLarge(1, bytes | 0x83 | reserved);
        guest.register(RBX, bytes);
        guest.code(LOAD);

        assertPageFault(9, bytes);
    }

    private long largePageBytes() {
        return paging == Guest.Paging.LEGACY ? 4 << 20 : 2 << 20;
    }

    private void mapLarge(int index, long entry) {
        if (paging == Guest.Paging.LEGACY) {
            guest.memory().writeInt(PAGES + index * 4L, (int) entry);
        } else {
            guest.memory().writeLong(LEVEL_2 + index * 8L, entry);
        }
    }
}
