package org.xenolith.jit;

import org.xenolith.ir.Unit;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// The bytecode of a handler as text, one instruction on a line.
final class Listing {
    private final Map<Label, String> labels = new HashMap<>();
    private final StringBuilder text = new StringBuilder();

    private Listing() {}

    static String of(Unit unit) {
        var bytes = HandlerClass.generate("test.Handler", Shape.of(unit).shape());
        var listing = new Listing();
        for (var method : ClassFile.of().parse(bytes).methods()) {
            if (method.methodName().equalsString("execute")) {
                listing.list(method.code().orElseThrow());
            }
        }
        return listing.text.toString();
    }

    private void list(CodeModel code) {
        for (var element : code) {
            if (element instanceof BranchInstruction branch) {
                labels.computeIfAbsent(branch.target(), _ -> "L" + labels.size());
            }
        }
        code.forEach(this::list);
    }

    private void list(CodeElement element) {
        switch (element) {
            case LabelTarget target when labels.containsKey(target.label()) ->
                    text.append(labels.get(target.label())).append(":\n");
            case Instruction instruction ->
                    text.append("  ").append(line(instruction)).append('\n');
            default -> {}
        }
    }

    private String line(Instruction instruction) {
        String name = instruction.opcode().name().toLowerCase(Locale.ROOT);
        return switch (instruction) {
            case LoadInstruction load -> variable(name, load.slot());
            case StoreInstruction store -> variable(name, store.slot());
            case ConstantInstruction constant -> "push " + constant.constantValue();
            case FieldInstruction field -> name + " " + field.name().stringValue();
            case InvokeInstruction invoke -> name + " " + invoke.name().stringValue();
            case BranchInstruction branch -> name + " " + labels.get(branch.target());
            case TypeCheckInstruction check -> name + " " + check.type().name().stringValue();
            default -> name;
        };
    }

    /// Without the short forms of the opcodes.
    private static String variable(String opcode, int slot) {
        return opcode.replaceFirst("_.*", "") + " " + slot;
    }
}
