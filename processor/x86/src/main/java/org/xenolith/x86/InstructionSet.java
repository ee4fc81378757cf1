package org.xenolith.x86;

/// All rows. A new family is one more line here.
public final class InstructionSet {
    public static final Table ALL =
            Table.merge(
                    Moves.TABLE,
                    Integers.TABLE,
                    Shifts.TABLE,
                    BitOperations.TABLE,
                    Branches.TABLE,
                    Strings.TABLE,
                    PortIo.TABLE,
                    FarTransfers.TABLE,
                    SystemInstructions.TABLE,
                    SseMoves.TABLE,
                    SseIntegers.TABLE,
                    SseShuffles.TABLE,
                    SseArithmetic.TABLE,
                    SseConversions.TABLE,
                    SseStrings.TABLE,
                    Aes.TABLE,
                    X87.TABLE,
                    FpuSave.TABLE,
                    Mmx.TABLE);

    private InstructionSet() {}
}
