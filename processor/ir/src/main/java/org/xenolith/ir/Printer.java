package org.xenolith.ir;

import java.util.Locale;
import java.util.stream.Collectors;

/// Units as text for people: one op on a line, values as `%index`, widths as `.bits`.
public final class Printer {
    private Printer() {}

    public static String print(Unit unit) {
        var text = new StringBuilder();
        for (int index = 0; index < unit.ops().size(); index++) {
            var op = unit.ops().get(index);
            String line = print(op);
            if (op instanceof Op.Boundary) {
                text.append(line);
            } else if (Ops.hasValue(op)) {
                text.append("  %").append(index).append(" = ").append(line);
            } else {
                text.append("  ").append(line);
            }
            text.append('\n');
        }
        return text.toString();
    }

    /// A single op, without the name of its value.
    public static String print(Op op) {
        return switch (op) {
            case Op.Boundary(long pc, int length) -> "%#x, %d bytes:".formatted(pc, length);
            case Op.Const(var width, long value) -> "const%s %#x".formatted(suffix(width), value);
            case Op.ReadRegister(int slot) -> "read r" + slot;
            case Op.WriteRegister(int slot, int value) -> "write r" + slot + ", %" + value;
            case Op.Load(var width, int address) -> "load" + suffix(width) + " [%" + address + "]";
            case Op.Store(var width, int address, int value) ->
                    "store" + suffix(width) + " [%" + address + "], %" + value;
            case Op.StorePair(int address, int low, int high) ->
                    "store pair [%" + address + "], %" + low + ", %" + high;
            case Op.StoreConditional(var width, int address, int expected, int value) ->
                    "store conditional%s [%%%d], expected %%%d, %%%d"
                            .formatted(suffix(width), address, expected, value);
            case Op.Binary(var kind, var width, int left, int right) ->
                    words(kind) + suffix(width) + " %" + left + ", %" + right;
            case Op.Unary(var kind, var width, int value) ->
                    words(kind) + suffix(width) + " %" + value;
            case Op.Convert(boolean signed, var from, var to, int value) ->
                    "%s extend%s to%s %%%d"
                            .formatted(signed ? "sign" : "zero", suffix(from), suffix(to), value);
            case Op.Select(var width, int condition, int ifTrue, int ifFalse) ->
                    "select%s %%%d ? %%%d : %%%d"
                            .formatted(suffix(width), condition, ifTrue, ifFalse);
            case Op.Compare(var kind, var width, int left, int right) ->
                    words(kind) + suffix(width) + " %" + left + ", %" + right;
            case Op.SetFlags(var rule, var width, int left, int right, int result) ->
                    "set flags %s%s %%%d, %%%d, %%%d"
                            .formatted(words(rule), suffix(width), left, right, result);
            case Op.SetFlagsIf set -> print(set.flags()) + " if %" + set.condition();
            case Op.Test(var condition) -> "test " + words(condition);
            case Op.ReadFlags() -> "read flags";
            case Op.WriteFlags(int value) -> "write flags %" + value;
            case Op.SetCarry(var rule, var width, int value) ->
                    "carry " + rule + " " + width + " %" + value;
            case Op.Call(var helper, var arguments) ->
                    arguments.stream()
                            .map(argument -> "%" + argument)
                            .collect(Collectors.joining(", ", "call " + helper.name() + "(", ")"));
            case Op.Host(var instruction, int address, int result) ->
                    "host %s%s%s"
                            .formatted(
                                    instruction,
                                    address == Op.Host.NONE ? "" : " [%" + address + "]",
                                    result == Op.Host.NONE ? "" : " -> %" + result);
            case Op.Jump(long target) -> "jump %#x".formatted(target);
            case Op.Branch(int condition, long taken, long notTaken) ->
                    "branch %%%d ? %#x : %#x".formatted(condition, taken, notTaken);
            case Op.JumpTo(int target) -> "jump to %" + target;
            case Op.Leave() -> "leave";
        };
    }

    private static String suffix(Width width) {
        return "." + width.bits();
    }

    private static String words(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
