package org.xenolith.x86;

/// Products of polynomials over two elements, for PCLMULQDQ. Pure helpers.
public final class CarrylessProduct {
    private CarrylessProduct() {}

    /// Bits 63:0 of the product.
    public static long low(long a, long b) {
        long product = 0;
        for (int bit = 0; bit < 64; bit++) {
            product ^= a << bit & -(b >>> bit & 1);
        }
        return product;
    }

    /// Bits 127:64 of the product.
    public static long high(long a, long b) {
        long product = 0;
        for (int bit = 1; bit < 64; bit++) {
            product ^= a >>> 64 - bit & -(b >>> bit & 1);
        }
        return product;
    }
}
