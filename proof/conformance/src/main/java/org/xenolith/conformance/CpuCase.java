package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.util.List;

/// An instruction and the state in which it is run in user mode, with the segments of a Linux
/// process: code by `mode`, flat data (selector 0x2B), null FS and GS. `rip` is an offset in the
/// code segment. It is followed by INT3, so it ends in an exception in any case.
///
/// `form` names the instruction for people. `registers` are in encoding order. `fxsave` is the
/// first 416 bytes of an FXSAVE64 image: all up to XMM15.
public record CpuCase(
        String form,
        CodeMode mode,
        Bytes code,
        List<Long> registers,
        long rip,
        long rflags,
        long fsBase,
        long gsBase,
        List<MemoryPatch> memory,
        Bytes fxsave,
        Allowance allowance) {
    public static final int CODE_MAX = 64;
    public static final int PATCHES_MAX = 3;
    public static final int FXSAVE_BYTES = 416;

    public CpuCase {
        registers = List.copyOf(registers);
        memory = List.copyOf(memory);
        if (registers.size() != 16
                || code.length() > CODE_MAX
                || memory.size() > PATCHES_MAX
                || fxsave.length() != FXSAVE_BYTES) {
            throw new IllegalArgumentException("a case of form " + form + " has a wrong size");
        }
    }

    /// 16- or 32-bit code.
    public boolean compatibility() {
        return mode.isCompatibility();
    }

    /// Where the instruction is in the code pages of [Arena].
    public long codeOffset() {
        return mode.base() + rip - Arena.CODE;
    }

    /// The data pages of [Arena] before the instruction.
    public byte[] initialMemory(byte[] background) {
        var bytes = background.clone();
        for (var patch : memory) {
            System.arraycopy(
                    patch.content().toArray(), 0, bytes, patch.offset(), patch.content().length());
        }
        return bytes;
    }

    public CpuCase withRegisters(List<Long> registers) {
        return new CpuCase(
                form, mode, code, registers, rip, rflags, fsBase, gsBase, memory, fxsave,
                allowance);
    }

    public CpuCase withRflags(long rflags) {
        return new CpuCase(
                form, mode, code, registers, rip, rflags, fsBase, gsBase, memory, fxsave,
                allowance);
    }

    public CpuCase withMemory(List<MemoryPatch> memory) {
        return new CpuCase(
                form, mode, code, registers, rip, rflags, fsBase, gsBase, memory, fxsave,
                allowance);
    }

    public CpuCase withFxsave(Bytes fxsave) {
        return new CpuCase(
                form, mode, code, registers, rip, rflags, fsBase, gsBase, memory, fxsave,
                allowance);
    }
}
