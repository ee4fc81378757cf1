package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.immediate;
import static org.xenolith.x86.XmmOperands.read;
import static org.xenolith.x86.XmmOperands.sseApart;
import static org.xenolith.x86.XmmOperands.write;

import org.xenolith.ir.Helper;

/// The Advanced Encryption Standard and products of polynomials (SDM vol. 1, 5.12).
final class Aes {
    // spotless:off
    static final Table TABLE = Table.of(
        cipher("AESIMC",          "66 0F 38 DB /r", Aes::aesimc, Vdq, Wdq),
        cipher("AESENC",          "66 0F 38 DC /r", round("encrypt"), Vdq, Wdq),
        cipher("AESENCLAST",      "66 0F 38 DD /r", round("encryptLast"), Vdq, Wdq),
        cipher("AESDEC",          "66 0F 38 DE /r", round("decrypt"), Vdq, Wdq),
        cipher("AESDECLAST",      "66 0F 38 DF /r", round("decryptLast"), Vdq, Wdq),
        cipher("AESKEYGENASSIST", "66 0F 3A DF /r", Aes::aeskeygenassist, Vdq, Wdq, Ib),
        cipher("PCLMULQDQ",       "66 0F 3A 44 /r", Aes::pclmulqdq, Vdq, Wdq, Ib));
    // spotless:on

    private static final Helper MIX_INVERSE = Helper.named(AesRounds.class, "mixInverse");
    private static final Helper ASSIST_KEY = Helper.named(AesRounds.class, "assistKey");
    private static final Helper PRODUCT_LOW = Helper.named(CarrylessProduct.class, "low");
    private static final Helper PRODUCT_HIGH = Helper.named(CarrylessProduct.class, "high");

    private Aes() {}

    private static Row cipher(String name, String encoding, Row.Meaning meaning, Spec... operands) {
        return sseApart(name, encoding, meaning, operands).sameOnHost(HostForm.CRYPTOGRAPHY);
    }

    private static Row.Meaning round(String name) {
        var helper = Helper.named(AesRounds.class, name);
        return (l, i) -> {
            var key = read(l, i.second());
            var state = read(l, i.first());
            int low = l.call(helper, state.low(), state.high(), l.constant(W32, 0));
            int high = l.call(helper, state.low(), state.high(), l.constant(W32, 1));
            write(l, i.first(), l.xor(low, key.low()), l.xor(high, key.high()));
        };
    }

    private static void aesimc(Lifter l, Instruction i) {
        var key = read(l, i.second());
        int low = l.call(MIX_INVERSE, key.low());
        write(l, i.first(), low, l.call(MIX_INVERSE, key.high()));
    }

    private static void aeskeygenassist(Lifter l, Instruction i) {
        var key = read(l, i.second());
        int constant = l.constant(W32, immediate(i.third()));
        int low = l.call(ASSIST_KEY, key.low(), constant);
        write(l, i.first(), low, l.call(ASSIST_KEY, key.high(), constant));
    }

    private static void pclmulqdq(Lifter l, Instruction i) {
        int control = immediate(i.third());
        var right = read(l, i.second());
        var left = read(l, i.first());
        int a = (control & 1) != 0 ? left.high() : left.low();
        int b = (control & 0x10) != 0 ? right.high() : right.low();
        write(l, i.first(), l.call(PRODUCT_LOW, a, b), l.call(PRODUCT_HIGH, a, b));
    }
}
