package org.xenolith.conformance;

import org.xenolith.state.Bytes;

/// Random x87, MMX and SSE state, as the first 416 bytes of an FXSAVE64 image (SDM vol. 1, table
/// 10-2).
final class FloatingState {
    static final int FCW = 0;
    static final int FSW = 2;
    static final int FTW = 4;
    static final int MXCSR = 24;
    static final int ST0 = 32;
    static final int XMM0 = 160;
    static final int MXCSR_DEFAULT = 0x1F80;
    static final int FCW_DEFAULT = 0x037F;

    private FloatingState() {}

    /// The state after FNINIT, all registers zero.
    static Bytes initial() {
        var image = new byte[CpuCase.FXSAVE_BYTES];
        putShort(image, FCW, FCW_DEFAULT);
        putShort(image, MXCSR, MXCSR_DEFAULT);
        return Bytes.of(image);
    }

    static byte[] random(Dice dice, Values values, boolean x87, boolean mmx, boolean sse) {
        var image = initial().toArray();
        if (x87 || mmx) {
            randomX87(dice, values, image, mmx);
        }
        if (sse) {
            putShort(image, MXCSR, mxcsr(dice));
            for (int i = 0; i < 16; i++) {
                System.arraycopy(values.vector(), 0, image, XMM0 + 16 * i, 16);
            }
        }
        return image;
    }

    private static void randomX87(Dice dice, Values values, byte[] image, boolean mmx) {
        int control = controlWord(dice);
        int flags = dice.chance(mmx ? 3 : 15) ? dice.below(0x40) : 0;
        int summary = (flags & ~control & 0x3F) != 0 ? 0x8080 : 0;
        int status = dice.below(8) << 11 | (dice.chance(30) ? dice.below(0x10000) & 0x4700 : 0);
        putShort(image, FCW, control);
        putShort(image, FSW, status | flags | summary);
        image[FTW] = (byte) (dice.chance(60) ? 0xFF : dice.below(0x100));
        for (int i = 0; i < 8; i++) {
            if (mmx) {
                System.arraycopy(values.vector(), 0, image, ST0 + 16 * i, 8);
                putShort(image, ST0 + 16 * i + 8, 0xFFFF);
            } else {
                System.arraycopy(values.extended(), 0, image, ST0 + 16 * i, 10);
            }
        }
    }

    /// Mostly all exceptions masked; precision control 01 is reserved.
    private static int controlWord(Dice dice) {
        if (dice.chance(50)) {
            return FCW_DEFAULT;
        }
        int masks = dice.chance(85) ? 0x3F : dice.below(0x40);
        return 0x40 | masks | dice.below(4) << 10 | (int) dice.pick(0, 2, 3) << 8;
    }

    static int mxcsr(Dice dice) {
        return switch (dice.below(10)) {
            case 0, 1, 2, 3, 4, 5 -> MXCSR_DEFAULT;
            case 6, 7 -> MXCSR_DEFAULT | dice.below(4) << 13 | dice.below(0x40);
            case 8 -> MXCSR_DEFAULT | dice.below(0x10000) & 0xE07F;
            default -> dice.below(0x10000);
        };
    }

    static void putShort(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >> 8);
    }
}
