package org.xenolith.x86;

import org.xenolith.softfloat.Mxcsr;

/// The FXSAVE image (SDM vol. 1, 10.5.1), the 64-bit form with REX.W.
public final class FpuImage {
    private FpuImage() {}

    /// The image of the x87, MMX and SSE state: 512 bytes.
    public static byte[] save(Cpu cpu) {
        var image = new byte[512];
        var fpu = cpu.fpu;
        put(image, 0, 2, fpu.controlWord);
        put(image, 2, 2, fpu.status());
        put(image, 4, 1, fpu.occupied);
        put(image, 6, 2, fpu.lastOpcode);
        put(image, 8, 8, fpu.instructionPointer);
        put(image, 16, 8, fpu.dataPointer);
        put(image, 24, 4, fpu.mxcsr.value());
        put(image, 28, 4, Mxcsr.WRITABLE);
        for (int index = 0; index < 8; index++) {
            put(image, 32 + 16 * index, 8, fpu.significand(index));
            put(image, 40 + 16 * index, 2, fpu.signExponent(index));
        }
        for (int half = 0; half < 32; half++) {
            put(image, 160 + 8 * half, 8, cpu.registers[Registers.XMM + half]);
        }
        return image;
    }

    /// Loads the state from an image of 512 bytes. Reserved MXCSR bits are dropped.
    public static void restore(Cpu cpu, byte[] image) {
        var fpu = cpu.fpu;
        fpu.control((int) get(image, 0, 2));
        fpu.status((int) get(image, 2, 2));
        fpu.occupied = (int) get(image, 4, 1);
        fpu.lastOpcode = (int) get(image, 6, 2) & 0x7FF;
        fpu.instructionPointer = get(image, 8, 8);
        fpu.dataPointer = get(image, 16, 8);
        fpu.mxcsr.value((int) get(image, 24, 4));
        for (int index = 0; index < 8; index++) {
            int register = fpu.top + index & 7;
            fpu.significands[register] = get(image, 32 + 16 * index, 8);
            fpu.signExponents[register] = (int) get(image, 40 + 16 * index, 2);
        }
        for (int half = 0; half < 32; half++) {
            cpu.registers[Registers.XMM + half] = get(image, 160 + 8 * half, 8);
        }
    }

    private static void put(byte[] image, int at, int bytes, long value) {
        for (int index = 0; index < bytes; index++) {
            image[at + index] = (byte) (value >>> index * 8);
        }
    }

    private static long get(byte[] image, int at, int bytes) {
        long value = 0;
        for (int index = bytes - 1; index >= 0; index--) {
            value = value << 8 | image[at + index] & 0xFF;
        }
        return value;
    }
}
