package org.xenolith.baseline;

import org.xenolith.ir.Width;
import org.xenolith.linux.ExecutableMemory;

import java.lang.foreign.MemorySegment;

/// What the processor of the host has.
final class HostProcessor {
    /// Not a bit of the processor, where it tells of a hypervisor: that code may ask the host for
    /// the time.
    static final int TIME = 1 << 31;

    /// In the place of a reserved bit: the host has BMI1, which another leaf tells.
    static final int BMI1 = 1 << 16;

    private static final int FEATURES = 1;
    private static final int MORE_FEATURES = 7;

    /// Where leaf 7 has BMI1.
    private static final int BMI1_BIT = 3;

    private HostProcessor() {}

    /// ECX of CPUID leaf 1 (SDM vol. 2A, table 3-10): bits of features, [#TIME] left out, and
    /// [#BMI1] of EBX of leaf 7. Nothing if the executable memory has no room for the few bytes of
    /// code that ask.
    static int features(ExecutableMemory executable) {
        var code = new Assembler();
        int old = code.label();
        code.push(Assembler.RBX);
        ask(code, 0);
        code.load(Assembler.RSI, 0);
        code.opNumber(Width.W32, Assembler.CMP, Assembler.RAX, MORE_FEATURES);
        code.jumpIf(Assembler.BELOW, old);
        ask(code, MORE_FEATURES);
        code.move(Width.W32, Assembler.RSI, Assembler.RBX);
        code.opNumber(Width.W32, Assembler.AND, Assembler.RSI, 1 << BMI1_BIT);
        int shift = Integer.numberOfTrailingZeros(BMI1) - BMI1_BIT;
        code.shiftNumber(Width.W32, Assembler.SHL, Assembler.RSI, shift);
        code.bind(old);
        ask(code, FEATURES);
        code.move(Width.W32, Assembler.RAX, Assembler.RCX);
        code.opNumber(Width.W32, Assembler.AND, Assembler.RAX, ~(BMI1 | TIME));
        code.op(Width.W32, Assembler.OR, Assembler.RAX, Assembler.RSI);
        code.pop(Assembler.RBX);
        code.ret();
        code.link();
        var address = executable.add(code.buffer(), code.size());
        if (address.isEmpty()) {
            return 0;
        }
        var none = MemorySegment.NULL;
        var nothing = new ExecutableMemory.Pointers(none, none, none, none);
        var place = MemorySegment.ofAddress(address.getAsLong());
        return ExecutableMemory.call(place, none, 0, nothing);
    }

    private static void ask(Assembler code, int leaf) {
        code.load(Assembler.RAX, leaf);
        code.load(Assembler.RCX, 0);
        code.bytes(0x0F, 0xA2); // CPUID
    }
}
