package org.xenolith.x86;

import static org.xenolith.ir.Width.W16;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Helper;
import org.xenolith.x86.Row.Unit;

import java.util.function.Function;

/// MMX, and those instructions of SSE to SSSE3 that reach MMX registers (SDM vol. 1, chapter 9).
/// Each first checks for a pending x87 exception, then reads, then commits by one helper of
/// [MmxRegisters].
final class Mmx {
    // spotless:off
    private static final Table INTEGERS = unit(Unit.MMX,
        row("PADDB",     "NP 0F FC /r", lanes("addBytes"), Pq, Qq),
        row("PADDW",     "NP 0F FD /r", lanes("addWords"), Pq, Qq),
        row("PADDD",     "NP 0F FE /r", lanes("addDoublewords"), Pq, Qq),
        row("PADDQ",     "NP 0F D4 /r", binary(l -> l::add), Pq, Qq),
        row("PADDSB",    "NP 0F EC /r", lanes("addSignedSaturatedBytes"), Pq, Qq),
        row("PADDSW",    "NP 0F ED /r", lanes("addSignedSaturatedWords"), Pq, Qq),
        row("PADDUSB",   "NP 0F DC /r", lanes("addUnsignedSaturatedBytes"), Pq, Qq),
        row("PADDUSW",   "NP 0F DD /r", lanes("addUnsignedSaturatedWords"), Pq, Qq),
        row("PSUBB",     "NP 0F F8 /r", lanes("subtractBytes"), Pq, Qq),
        row("PSUBW",     "NP 0F F9 /r", lanes("subtractWords"), Pq, Qq),
        row("PSUBD",     "NP 0F FA /r", lanes("subtractDoublewords"), Pq, Qq),
        row("PSUBQ",     "NP 0F FB /r", binary(l -> l::sub), Pq, Qq),
        row("PSUBSB",    "NP 0F E8 /r", lanes("subtractSignedSaturatedBytes"), Pq, Qq),
        row("PSUBSW",    "NP 0F E9 /r", lanes("subtractSignedSaturatedWords"), Pq, Qq),
        row("PSUBUSB",   "NP 0F D8 /r", lanes("subtractUnsignedSaturatedBytes"), Pq, Qq),
        row("PSUBUSW",   "NP 0F D9 /r", lanes("subtractUnsignedSaturatedWords"), Pq, Qq),
        row("PAVGB",     "NP 0F E0 /r", lanes("averageBytes"), Pq, Qq),
        row("PAVGW",     "NP 0F E3 /r", lanes("averageWords"), Pq, Qq),
        row("PMINUB",    "NP 0F DA /r", lanes("minimumUnsignedBytes"), Pq, Qq),
        row("PMAXUB",    "NP 0F DE /r", lanes("maximumUnsignedBytes"), Pq, Qq),
        row("PMINSW",    "NP 0F EA /r", lanes("minimumSignedWords"), Pq, Qq),
        row("PMAXSW",    "NP 0F EE /r", lanes("maximumSignedWords"), Pq, Qq),
        row("PCMPEQB",   "NP 0F 74 /r", lanes("equalBytes"), Pq, Qq),
        row("PCMPEQW",   "NP 0F 75 /r", lanes("equalWords"), Pq, Qq),
        row("PCMPEQD",   "NP 0F 76 /r", lanes("equalDoublewords"), Pq, Qq),
        row("PCMPGTB",   "NP 0F 64 /r", lanes("greaterSignedBytes"), Pq, Qq),
        row("PCMPGTW",   "NP 0F 65 /r", lanes("greaterSignedWords"), Pq, Qq),
        row("PCMPGTD",   "NP 0F 66 /r", lanes("greaterSignedDoublewords"), Pq, Qq),
        row("PAND",      "NP 0F DB /r", binary(l -> l::and), Pq, Qq),
        row("PANDN",     "NP 0F DF /r", binary(l -> (a, b) -> l.and(l.not(a), b)), Pq, Qq),
        row("POR",       "NP 0F EB /r", binary(l -> l::or), Pq, Qq),
        row("PXOR",      "NP 0F EF /r", binary(l -> l::xor), Pq, Qq),
        row("PSIGNB",    "NP 0F 38 08 /r", lanes("signBytes"), Pq, Qq),
        row("PSIGNW",    "NP 0F 38 09 /r", lanes("signWords"), Pq, Qq),
        row("PSIGND",    "NP 0F 38 0A /r", lanes("signDoublewords"), Pq, Qq),
        row("PABSB",     "NP 0F 38 1C /r", absolute("absoluteBytes"), Pq, Qq),
        row("PABSW",     "NP 0F 38 1D /r", absolute("absoluteWords"), Pq, Qq),
        row("PABSD",     "NP 0F 38 1E /r", absolute("absoluteDoublewords"), Pq, Qq),
        row("PMULLW",    "NP 0F D5 /r", products("multiplyWords"), Pq, Qq),
        row("PMULHW",    "NP 0F E5 /r", products("multiplyHighSignedWords"), Pq, Qq),
        row("PMULHUW",   "NP 0F E4 /r", products("multiplyHighUnsignedWords"), Pq, Qq),
        row("PMULHRSW",  "NP 0F 38 0B /r", products("multiplyRoundedWords"), Pq, Qq),
        row("PMULUDQ",   "NP 0F F4 /r", binary(l -> (a, b) -> pmuludq(l, a, b)), Pq, Qq),
        row("PMADDWD",   "NP 0F F5 /r", products("multiplyAddWords"), Pq, Qq),
        row("PMADDUBSW", "NP 0F 38 04 /r", products("multiplyAddBytes"), Pq, Qq),
        row("PSADBW",    "NP 0F F6 /r", products("sumOfDifferences"), Pq, Qq),
        row("PHADDW",    "NP 0F 38 01 /r", products("horizontalAddWords"), Pq, Qq),
        row("PHADDD",    "NP 0F 38 02 /r", products("horizontalAddDoublewords"), Pq, Qq),
        row("PHADDSW",   "NP 0F 38 03 /r", products("horizontalAddSaturatedWords"), Pq, Qq),
        row("PHSUBW",    "NP 0F 38 05 /r", products("horizontalSubtractWords"), Pq, Qq),
        row("PHSUBD",    "NP 0F 38 06 /r", products("horizontalSubtractDoublewords"), Pq, Qq),
        row("PHSUBSW",   "NP 0F 38 07 /r", products("horizontalSubtractSaturatedWords"), Pq, Qq),
        row("PSLLW",     "NP 0F F1 /r", shifts("leftWords"), Pq, Qq),
        row("PSLLD",     "NP 0F F2 /r", shifts("leftDoublewords"), Pq, Qq),
        row("PSLLQ",     "NP 0F F3 /r", shifts("leftQuadwords"), Pq, Qq),
        row("PSRLW",     "NP 0F D1 /r", shifts("rightWords"), Pq, Qq),
        row("PSRLD",     "NP 0F D2 /r", shifts("rightDoublewords"), Pq, Qq),
        row("PSRLQ",     "NP 0F D3 /r", shifts("rightQuadwords"), Pq, Qq),
        row("PSRAW",     "NP 0F E1 /r", shifts("rightSignedWords"), Pq, Qq),
        row("PSRAD",     "NP 0F E2 /r", shifts("rightSignedDoublewords"), Pq, Qq),
        row("PSRLW",     "NP 0F 71 /2", shifts("rightWords"), Nq, Ib),
        row("PSRAW",     "NP 0F 71 /4", shifts("rightSignedWords"), Nq, Ib),
        row("PSLLW",     "NP 0F 71 /6", shifts("leftWords"), Nq, Ib),
        row("PSRLD",     "NP 0F 72 /2", shifts("rightDoublewords"), Nq, Ib),
        row("PSRAD",     "NP 0F 72 /4", shifts("rightSignedDoublewords"), Nq, Ib),
        row("PSLLD",     "NP 0F 72 /6", shifts("leftDoublewords"), Nq, Ib),
        row("PSRLQ",     "NP 0F 73 /2", shifts("rightQuadwords"), Nq, Ib),
        row("PSLLQ",     "NP 0F 73 /6", shifts("leftQuadwords"), Nq, Ib));

    private static final Table SHUFFLES = unit(Unit.MMX,
        row("PUNPCKLBW", "NP 0F 60 /r", shuffles("interleaveLowBytes"), Pq, Qd),
        row("PUNPCKLWD", "NP 0F 61 /r", shuffles("interleaveLowWords"), Pq, Qd),
        row("PUNPCKLDQ", "NP 0F 62 /r", shuffles("interleaveLowDoublewords"), Pq, Qd),
        row("PUNPCKHBW", "NP 0F 68 /r", shuffles("interleaveHighBytes"), Pq, Qq),
        row("PUNPCKHWD", "NP 0F 69 /r", shuffles("interleaveHighWords"), Pq, Qq),
        row("PUNPCKHDQ", "NP 0F 6A /r", shuffles("interleaveHighDoublewords"), Pq, Qq),
        row("PACKSSWB",  "NP 0F 63 /r", shuffles("packSignedWords"), Pq, Qq),
        row("PACKUSWB",  "NP 0F 67 /r", shuffles("packUnsignedWords"), Pq, Qq),
        row("PACKSSDW",  "NP 0F 6B /r", shuffles("packSignedDoublewords"), Pq, Qq),
        row("PSHUFB",    "NP 0F 38 00 /r", shuffles("shuffleBytes8"), Pq, Qq),
        row("PSHUFW",    "NP 0F 70 /r", Mmx::pshufw, Pq, Qq, Ib),
        row("PALIGNR",   "NP 0F 3A 0F /r", Mmx::palignr, Pq, Qq, Ib),
        row("PINSRW",    "NP 0F C4 /r", Mmx::pinsrw, Pq, RdMw, Ib),
        row("PEXTRW",    "NP 0F C5 /r", Mmx::pextrw, Gd, Nq, Ib),
        row("PMOVMSKB",  "NP 0F D7 /r", Mmx::pmovmskb, Gd, Nq));

    private static final Table TRANSFERS = unit(Unit.MMX,
        row("MOVD",      "NP 0F 6E /r", Mmx::load, Pq, Ey),
        row("MOVD",      "NP 0F 7E /r", Mmx::store, Ey, Pq),
        row("MOVQ",      "NP 0F 6F /r", Mmx::load, Pq, Qq),
        row("MOVQ",      "NP 0F 7F /r", Mmx::store, Qq, Pq),
        row("MOVNTQ",    "NP 0F E7 /r", Mmx::store, Mq, Pq),
        row("MASKMOVQ",  "NP 0F F7 /r", Mmx::maskmovq, Pq, Nq),
        row("EMMS",      "NP 0F 77",    Mmx::emms));

    private static final Table CONVERSIONS = unit(Unit.SSE,
        row("MOVQ2DQ",   "F3 0F D6 /r", Mmx::movq2dq, Vdq, Nq),
        row("MOVDQ2Q",   "F2 0F D6 /r", Mmx::movdq2q, Pq, Uq),
        row("CVTPI2PS",  "NP 0F 2A /r", toFloat("toFloat32"), Vq, Qq),
        row("CVTPI2PD",  "66 0F 2A /r", toFloat("toFloat64"), Vdq, Qq),
        row("CVTTPS2PI", "NP 0F 2C /r", fromFloat32(1), Pq, Wq),
        row("CVTPS2PI",  "NP 0F 2D /r", fromFloat32(0), Pq, Wq),
        row("CVTTPD2PI", "66 0F 2C /r", fromFloat64(1), Pq, Wdq),
        row("CVTPD2PI",  "66 0F 2D /r", fromFloat64(0), Pq, Wdq));
    // spotless:on

    static final Table TABLE = Table.merge(INTEGERS, SHUFFLES, TRANSFERS, CONVERSIONS);

    private static final Helper AWAIT = Helper.named(X87Registers.class, "await");
    private static final Helper READ = Helper.named(MmxRegisters.class, "read");
    private static final Helper USE = Helper.named(MmxRegisters.class, "use");
    private static final Helper WRITE = Helper.named(MmxRegisters.class, "write");
    private static final Helper STORE = Helper.named(MmxRegisters.class, "store");
    private static final Helper STORE_MASKED = Helper.named(MmxRegisters.class, "storeMasked");
    private static final Helper EMPTY = Helper.named(MmxRegisters.class, "empty");
    private static final Helper FROM_FLOAT32 = Helper.named(MmxRegisters.class, "fromFloat32");
    private static final Helper FROM_FLOAT64 = Helper.named(MmxRegisters.class, "fromFloat64");
    private static final Helper SHUFFLE_WORDS = Helper.named(PackedShuffles.class, "shuffleWords");
    private static final Helper SHIFT_LEFT = Helper.named(PackedShifts.class, "leftQuadwords");
    private static final Helper SHIFT_RIGHT = Helper.named(PackedShifts.class, "rightQuadwords");

    /// The sign of each byte.
    private static final long SIGNS = 0x8080_8080_8080_8080L;

    /// Brings bit `8 * n` to bit `56 + n`.
    private static final long GATHER = 0x0102_0408_1020_4080L;

    private Mmx() {}

    /// What makes a value from two.
    @FunctionalInterface
    private interface Operation {
        int apply(int left, int right);
    }

    private static Table unit(Unit unit, Row... rows) {
        for (var row : rows) {
            row.uses(unit);
        }
        return Table.of(rows);
    }

    // ---------------------------------------------------------------- operands

    private static int number(Lifter l, Operand operand) {
        return l.constant(W32, ((Operand.Mmx) operand).number());
    }

    /// The value of an operand, zero-extended to 64 bits.
    private static int read(Lifter l, Operand operand) {
        return operand instanceof Operand.Mmx
                ? l.call(READ, number(l, operand))
                : l.convert(l.read(operand), W64);
    }

    private static void write(Lifter l, Operand operand, int value) {
        l.call(WRITE, number(l, operand), value);
    }

    private static int shift(Lifter l, int value, int right) {
        return l.shiftRight(value, l.constant(W64, right));
    }

    // ---------------------------------------------------------------- computations

    private static Row.Meaning binary(Function<Lifter, Operation> operation) {
        return (l, i) -> {
            l.call(AWAIT);
            int right = read(l, i.second());
            int left = read(l, i.first());
            write(l, i.first(), operation.apply(l).apply(left, right));
        };
    }

    private static Row.Meaning binary(Class<?> owner, String name) {
        var helper = Helper.named(owner, name);
        return binary(l -> (left, right) -> l.call(helper, left, right));
    }

    private static Row.Meaning lanes(String name) {
        return binary(PackedIntegers.class, name);
    }

    private static Row.Meaning products(String name) {
        return binary(PackedProducts.class, name);
    }

    private static Row.Meaning shifts(String name) {
        return binary(PackedShifts.class, name);
    }

    private static Row.Meaning shuffles(String name) {
        return binary(PackedShuffles.class, name);
    }

    private static Row.Meaning absolute(String name) {
        var helper = Helper.named(PackedIntegers.class, name);
        return binary(l -> (left, right) -> l.call(helper, right));
    }

    private static int pmuludq(Lifter l, int left, int right) {
        int low = l.convert(l.convert(left, W32), W64);
        return l.multiply(low, l.convert(l.convert(right, W32), W64));
    }

    private static void pshufw(Lifter l, Instruction i) {
        l.call(AWAIT);
        int value = read(l, i.second());
        write(l, i.first(), l.call(SHUFFLE_WORDS, value, l.read(i.third())));
    }

    /// Eight of the sixteen bytes of both operands, from a byte on that the immediate names.
    private static void palignr(Lifter l, Instruction i) {
        l.call(AWAIT);
        int right = read(l, i.second());
        int left = read(l, i.first());
        int bits = 8 * (int) (Lifter.immediate(i.third()) & 0xFF);
        int result;
        if (bits < 64) {
            int kept = l.call(SHIFT_RIGHT, right, l.constant(W64, bits));
            result = l.or(kept, l.call(SHIFT_LEFT, left, l.constant(W64, 64 - bits)));
        } else {
            result = l.call(SHIFT_RIGHT, left, l.constant(W64, bits - 64));
        }
        write(l, i.first(), result);
    }

    private static int lane(Instruction i) {
        return 16 * (int) (Lifter.immediate(i.third()) & 3);
    }

    private static void pinsrw(Lifter l, Instruction i) {
        l.call(AWAIT);
        int word = l.convert(l.convert(l.read(i.second()), W16), W64);
        int at = lane(i);
        int kept = l.and(read(l, i.first()), l.constant(W64, ~(0xFFFFL << at)));
        write(l, i.first(), l.or(kept, l.shiftLeft(word, l.constant(W64, at))));
    }

    private static void pextrw(Lifter l, Instruction i) {
        l.call(AWAIT);
        int word = l.convert(shift(l, read(l, i.second()), lane(i)), W16);
        l.call(USE);
        l.write(i.first(), l.convert(word, W32));
    }

    private static void pmovmskb(Lifter l, Instruction i) {
        l.call(AWAIT);
        int signs = l.and(read(l, i.second()), l.constant(W64, SIGNS));
        int mask = shift(l, l.multiply(shift(l, signs, 7), l.constant(W64, GATHER)), 56);
        l.call(USE);
        l.write(i.first(), l.convert(mask, W32));
    }

    // ---------------------------------------------------------------- transfers

    /// MOVD and MOVQ to an MMX register.
    private static void load(Lifter l, Instruction i) {
        l.call(AWAIT);
        write(l, i.first(), read(l, i.second()));
    }

    /// MOVD, MOVQ and MOVNTQ from an MMX register.
    private static void store(Lifter l, Instruction i) {
        l.call(AWAIT);
        switch (i.first()) {
            case Operand.Memory m -> {
                int segment = l.constant(W32, m.segment());
                int bits = l.constant(W32, 8 * m.bytes());
                int offset = l.convert(l.offset(m), W64);
                l.call(STORE, segment, offset, bits, number(l, i.second()));
            }
            case Operand.Register r -> {
                int value = l.convert(read(l, i.second()), r.width());
                l.call(USE);
                l.write(r, value);
            }
            default -> write(l, i.first(), read(l, i.second()));
        }
    }

    private static void maskmovq(Lifter l, Instruction i) {
        l.call(AWAIT);
        int segment = l.constant(W32, i.dataSegment());
        int offset = l.convert(l.general(Registers.RDI, i.addressSize()), W64);
        l.call(STORE_MASKED, segment, offset, number(l, i.first()), number(l, i.second()));
    }

    private static void emms(Lifter l, Instruction i) {
        l.call(AWAIT);
        l.call(EMPTY);
    }

    private static void movq2dq(Lifter l, Instruction i) {
        l.call(AWAIT);
        int value = read(l, i.second());
        l.call(USE);
        XmmOperands.write(l, i.first(), value, l.constant(W64, 0));
    }

    private static void movdq2q(Lifter l, Instruction i) {
        l.call(AWAIT);
        write(l, i.first(), l.read(i.second()));
    }

    // ---------------------------------------------------------------- conversions

    /// CVTPI2PS and CVTPI2PD, which have to do with MMX only if the operand is a register.
    private static Row.Meaning toFloat(String name) {
        var helper = Helper.named(MmxRegisters.class, name);
        return (l, i) -> {
            boolean fromRegister = i.second() instanceof Operand.Mmx;
            if (fromRegister) {
                l.call(AWAIT);
            }
            int value = read(l, i.second());
            int slot = XmmOperands.slot(l, i.first());
            l.call(helper, slot, value, l.constant(W32, fromRegister ? 1 : 0));
        };
    }

    private static Row.Meaning fromFloat32(int truncate) {
        return (l, i) -> {
            l.call(AWAIT);
            int value = l.convert(l.read(i.second()), W64);
            l.call(FROM_FLOAT32, number(l, i.first()), value, l.constant(W32, truncate));
        };
    }

    private static Row.Meaning fromFloat64(int truncate) {
        return (l, i) -> {
            l.call(AWAIT);
            var value = XmmOperands.read(l, i.second());
            int to = number(l, i.first());
            l.call(FROM_FLOAT64, to, value.low(), value.high(), l.constant(W32, truncate));
        };
    }
}
