package org.xenolith.baseline;

import org.xenolith.ir.Width;
import org.xenolith.linux.ExecutableMemory;

import java.lang.foreign.MemorySegment;

/// What the processor of the host has.
final class HostProcessor {
    /// Not a bit of the processor, where it tells of a hypervisor: that code may ask the host for
    /// the time.
    static final int TIME = 1 << 31;

    private HostProcessor() {}

    /// ECX of CPUID leaf 1 (SDM vol. 2A, table 3-10): bits of features, [#TIME] left out. Nothing
    /// if the executable memory has no room for the few bytes of code that ask.
    static int features(ExecutableMemory executable) {
        var code = new Assembler();
        code.push(Assembler.RBX);
        code.load(Assembler.RAX, 1);
        code.load(Assembler.RCX, 0);
        code.bytes(0x0F, 0xA2); // CPUID
        code.move(Width.W32, Assembler.RAX, Assembler.RCX);
        code.pop(Assembler.RBX);
        code.ret();
        var address = executable.add(code.buffer(), code.size());
        if (address.isEmpty()) {
            return 0;
        }
        var none = MemorySegment.NULL;
        var nothing = new ExecutableMemory.Pointers(none, none, none, none);
        var place = MemorySegment.ofAddress(address.getAsLong());
        return ExecutableMemory.call(place, none, 0, nothing) & ~TIME;
    }
}
