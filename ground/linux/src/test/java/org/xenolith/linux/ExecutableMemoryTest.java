package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;

class ExecutableMemoryTest {
    private static final int PAGE_BYTES = 4096;

    /// mov rax, [rsi]; add [rdi], rax; lea eax, [r9 + 1]; ret
    private static final byte[] CODE = {
        0x48, (byte) 0x8B, 0x06, 0x48, 0x01, 0x07, 0x41, (byte) 0x8D, 0x41, 0x01, (byte) 0xC3
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
            long[] second = {2};
            var rest = MemorySegment.ofArray(new long[1]);
            int answer =
                    ExecutableMemory.call(
                            MemorySegment.ofAddress(at),
                            MemorySegment.ofArray(first),
                            MemorySegment.ofArray(second),
                            rest,
                            rest,
                            rest,
                            6);
            assertThat(answer).isEqualTo(7);
            assertThat(first[0]).isEqualTo(42);
        }
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
