package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

class ExecutableMemoryTest {
    private static final int PAGE_BYTES = 4096;

    /// mov rax, [rsp + 64]; mov rax, [rax]; add rax, [rdx]; add [rdi], rax; lea eax, [rsi + 1]; ret
    private static final byte[] CODE = {
        0x48,
        (byte) 0x8B,
        0x44,
        0x24,
        0x40,
        0x48,
        (byte) 0x8B,
        0x00,
        0x48,
        0x03,
        0x02,
        0x48,
        0x01,
        0x07,
        (byte) 0x8D,
        0x46,
        0x01,
        (byte) 0xC3
    };

    @BeforeEach
    void hostIsOneForIt() {
        assumeTrue(ExecutableMemory.isSupported());
    }

    @Test
    void codeReachesArraysOnTheHeap() throws LinuxException {
        try (var memory = ExecutableMemory.create("test", PAGE_BYTES)) {
            long at = memory.add(CODE, CODE.length).orElseThrow();
            long[] first = {40};
            int answer =
                    ExecutableMemory.call(
                            MemorySegment.ofAddress(at),
                            MemorySegment.ofArray(first),
                            6,
                            pointers(2, 0),
                            pointers(0, 0),
                            pointers(0, 3));
            assertThat(answer).isEqualTo(7);
            assertThat(first[0]).isEqualTo(45);
        }
    }

    @Test
    void codeIsCalledWithFewerPointers() throws LinuxException {
        // mov rax, [r9]; add [rdi], rax; lea eax, [rsi + 1]; ret
        byte[] code = {
            0x49, (byte) 0x8B, 0x01, 0x48, 0x01, 0x07, (byte) 0x8D, 0x46, 0x01, (byte) 0xC3
        };
        try (var memory = ExecutableMemory.create("test", PAGE_BYTES)) {
            var at = MemorySegment.ofAddress(memory.add(code, code.length).orElseThrow());
            long[] first = {40};
            var pointer = MemorySegment.ofArray(first);
            assertThat(ExecutableMemory.call(at, pointer, 6, pointers(0, 2))).isEqualTo(7);
            assertThat(first[0]).isEqualTo(42);
        }
    }

    @Test
    void aPlaceThatIsNamedTwiceGetsTheFirstNumber() throws LinuxException {
        try (var memory = ExecutableMemory.create("test", PAGE_BYTES)) {
            long at = memory.add(new byte[16], 16).orElseThrow();
            long[] numbers = {at + 6, 0x0403_0201, at + 12, -1, at + 6, 0x0909_0909};
            var segment = Arena.ofAuto().allocate(numbers.length * 8L, 8);
            segment.copyFrom(MemorySegment.ofArray(numbers));
            memory.put(segment, -4);
            assertThat(memory.code(at, 16).toArray(ValueLayout.JAVA_BYTE))
                    .containsExactly(0, 0, 1, 2, 3, 4, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0);
        }
    }

    /// Pointers to numbers of which the first and the last are these.
    private static ExecutableMemory.Pointers pointers(long first, long last) {
        return new ExecutableMemory.Pointers(
                MemorySegment.ofArray(new long[] {first}),
                MemorySegment.ofArray(new long[1]),
                MemorySegment.ofArray(new long[1]),
                MemorySegment.ofArray(new long[] {last}));
    }

    @Test
    void whatIsFullRefusesUntilItIsReset() throws LinuxException {
        try (var memory = ExecutableMemory.create("test", PAGE_BYTES)) {
            var code = new byte[PAGE_BYTES / 2];
            assertThat(memory.add(code, code.length)).isPresent();
            assertThat(memory.add(code, code.length)).isPresent();
            assertThat(memory.add(code, 1)).isEmpty();
            memory.reset();
            assertThat(memory.add(code, 1)).isPresent();
            memory.close();
            assertThat(memory.add(code, 1)).isEmpty();
        }
    }
}
