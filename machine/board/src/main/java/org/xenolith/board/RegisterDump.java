package org.xenolith.board;

import org.xenolith.engine.Vcpu;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.memory.GuestMemory;

import java.util.Locale;

/// What a crashed vCPU looked like, in the manner of Xen's own dumps.
final class RegisterDump {
    private static final int CODE_BYTES_BEFORE = 8;
    private static final int CODE_BYTES = 24;
    private static final int STACK_WORDS = 16;
    private static final String[] NAMES = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8 ", "r9 ", "r10", "r11", "r12",
        "r13", "r14", "r15"
    };
    private static final int RSP = 4;

    private RegisterDump() {}

    static String of(Vcpu vcpu, GuestMemory memory, String why) {
        var state = vcpu.capture();
        var text = new StringBuilder();
        text.append(format("vCPU %d: %s%n", vcpu.id(), why));
        text.append(
                format("rip %016x rflags %08x%n", state.general().rip(), state.general().rflags()));
        for (int i = 0; i < NAMES.length; i++) {
            text.append(
                    format(
                            "%s %016x%s",
                            NAMES[i],
                            state.general().registers().get(i),
                            i % 4 == 3 ? System.lineSeparator() : " "));
        }
        var control = state.control();
        text.append(
                format(
                        "cr0 %08x cr2 %016x cr3 %016x cr4 %08x cr8 %x efer %04x%n",
                        control.cr0(),
                        control.cr2(),
                        control.cr3(),
                        control.cr4(),
                        control.cr8(),
                        control.efer()));
        segments(state, text);
        code(vcpu, memory, state, text);
        stack(vcpu, memory, state, text);
        return text.toString();
    }

    private static void segments(VcpuState state, StringBuilder text) {
        var s = state.segments();
        segment("cs", s.cs(), text);
        segment("ss", s.ss(), text);
        segment("ds", s.ds(), text);
        segment("es", s.es(), text);
        segment("fs", s.fs(), text);
        segment("gs", s.gs(), text);
        segment("tr", s.tr(), text);
        segment("ldtr", s.ldtr(), text);
        text.append(format("gdtr %016x %04x ", s.gdtr().base(), s.gdtr().limit()));
        text.append(format("idtr %016x %04x%n", s.idtr().base(), s.idtr().limit()));
    }

    private static void segment(String name, Segment segment, StringBuilder text) {
        text.append(
                format(
                        "%-4s %04x base %016x limit %08x attributes %05x%n",
                        name,
                        segment.selector(),
                        segment.base(),
                        segment.limit(),
                        segment.attributes()));
    }

    private static void code(Vcpu vcpu, GuestMemory memory, VcpuState state, StringBuilder text) {
        long rip = state.segments().cs().base() + state.general().rip();
        text.append("code");
        for (int i = -CODE_BYTES_BEFORE; i < CODE_BYTES - CODE_BYTES_BEFORE; i++) {
            long gpa = vcpu.translate(rip + i);
            var digits = gpa < 0 ? "??" : format("%02x", memory.readByte(gpa));
            text.append(i == 0 ? " <" + digits + ">" : " " + digits);
        }
        text.append(System.lineSeparator());
    }

    private static void stack(Vcpu vcpu, GuestMemory memory, VcpuState state, StringBuilder text) {
        long rsp = state.segments().ss().base() + state.general().registers().get(RSP);
        text.append("stack");
        for (int i = 0; i < STACK_WORDS; i++) {
            long gpa = vcpu.translate(rsp + 8L * i);
            if (gpa < 0) {
                break;
            }
            text.append(i % 4 == 0 ? System.lineSeparator() + " " : " ");
            text.append(format("%016x", memory.readLong(gpa)));
        }
        text.append(System.lineSeparator());
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
