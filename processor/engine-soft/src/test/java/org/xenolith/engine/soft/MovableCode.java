package org.xenolith.engine.soft;

import java.util.function.Consumer;

/// Code for tests of what is found again: in an earlier run's file, or at another address.
final class MovableCode {
    static final int FUNCTION = 0x20000;

    private MovableCode() {}

    /// Executes `mov eax, value`, `add eax, eax`, `hlt`: one region.
    static Assembler twice(int value) {
        return new Assembler(TestGuest.CODE)
                .bytes(0xB8)
                .number(value, 4)
                .bytes(0x01, 0xC0, 0xEB, 0, 0xF4);
    }

    /// Calls [#acrossPages] so often, rbx adding up eax; between two calls what `between` says.
    static Assembler calls(int times, Consumer<Assembler> between) {
        var code = new Assembler(TestGuest.CODE);
        code.bytes(0x31, 0xDB, 0xB9).number(times, 4);
        long top = code.here();
        code.call(FUNCTION + 0xFFC);
        code.bytes(0x48, 0x01, 0xC3);
        between.accept(code);
        return code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85).bytes(0xF4);
    }

    /// `mov eax, value; ret` across the end of a page: the value is in the second.
    static Assembler acrossPages(int value) {
        return new Assembler(FUNCTION + 0xFFC)
                .bytes(0x90, 0x90, 0x90, 0xB8)
                .number(value, 4)
                .bytes(0xC3);
    }
}
