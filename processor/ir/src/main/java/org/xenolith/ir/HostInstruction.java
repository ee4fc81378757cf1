package org.xenolith.ir;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// An instruction of an x86-64 host, on what the context keeps in its slots: see [Op.Host].
///
/// @param wide whether it has REX.W
/// @param reg what ModRM.reg names
/// @param rm what ModRM.rm names
/// @param immediate the byte behind it, if it has one
/// @param implicit registers that it reaches without naming them
public record HostInstruction(
        Opcode opcode,
        boolean wide,
        Part reg,
        Part rm,
        OptionalInt immediate,
        List<Part.Vector> implicit) {

    public HostInstruction {
        implicit = List.copyOf(implicit);
    }

    /// What all instructions of a kind have in common (SDM vol. 2, 2.1 and 3.1.1.1).
    ///
    /// @param prefix the mandatory prefix 66, F2 or F3, or 0
    /// @param map 1 for opcodes behind 0F, 2 behind 0F 38, 3 behind 0F 3A
    /// @param features the bits of CPUID leaf 1, ECX, without which the host does not have it
    /// @param control the slot of the MXCSR that it obeys and adds its exceptions to, or
    ///   [#NO_CONTROL]. It is only for an MXCSR that masks all exceptions.
    public record Opcode(int prefix, int map, int number, int features, int control) {
        public static final int NO_CONTROL = -1;

        public boolean hasControl() {
            return control != NO_CONTROL;
        }
    }

    /// What a field of the ModRM byte names.
    public sealed interface Part {
        /// Nothing: the field is a part of the opcode.
        record Digit(int value) implements Part {}

        /// Vector register `number`, whose halves are in `slot` and the slot behind it.
        record Vector(int number, int slot, Use use) implements Part {}

        /// A general register that is read, whose value is the low bits of a slot.
        record General(int slot) implements Part {}

        /// A general register that gets the [Op.Host]'s result, zero-extended from `width`.
        record Result(Width width) implements Part {}

        /// Memory at the [Op.Host]'s address, read or written.
        record Memory(int bytes, boolean written) implements Part {}
    }

    /// What becomes of a vector register.
    public enum Use {
        READ,
        /// All of it is replaced.
        WRITTEN,
        /// It is read, then replaced.
        BOTH;

        public boolean reads() {
            return this != WRITTEN;
        }

        public boolean writes() {
            return this != READ;
        }
    }

    /// The vector registers that it names or reaches.
    public List<Part.Vector> vectors() {
        var vectors = new ArrayList<>(implicit);
        for (var part : List.of(reg, rm)) {
            if (part instanceof Part.Vector vector) {
                vectors.add(vector);
            }
        }
        return vectors;
    }

    /// Whether it answers, of two strings, an index in ECX and the six status flags (PCMPISTRI, SDM
    /// vol. 2B): as a value the index, and in the upper 32 bits the flags at their places in
    /// RFLAGS. All others that answer without a [Part.Result] answer the flags ZF, PF and CF at
    /// their places, and no others.
    public boolean answersIndex() {
        return opcode.map == 3 && opcode.number == 0x63;
    }

    /// The manual's spelling.
    @Override
    public String toString() {
        var text = new StringBuilder(opcode.prefix == 0 ? "NP" : hex(opcode.prefix));
        text.append(wide ? " REX.W 0F" : " 0F");
        switch (opcode.map) {
            case 2 -> text.append(" 38");
            case 3 -> text.append(" 3A");
            default -> {}
        }
        text.append(' ').append(hex(opcode.number));
        text.append(reg instanceof Part.Digit(int value) ? " /" + value : " /r");
        immediate.ifPresent(value -> text.append(' ').append(hex(value)));
        for (var vector : vectors()) {
            text.append(" r").append(vector.slot).append(' ').append(vector.use);
        }
        return text.toString();
    }

    private static String hex(int value) {
        return "%02X".formatted(value);
    }
}
