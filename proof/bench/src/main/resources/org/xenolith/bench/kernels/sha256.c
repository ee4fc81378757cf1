/* SHA-256 of a buffer. */
#include "kernels.h"
static u32 k[64];
static u8 data[4096];

static u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }

/* The fractional parts of cube roots of primes are replaced by a generator: the work is equal. */
static void constants(void) {
    u32 seed = 0x428A2F98;
    for (int i = 0; i < 64; i++) k[i] = seed = seed * 1664525 + 1013904223;
}

static __attribute__((noinline)) void block(u32 *state, const u8 *bytes) {
    u32 w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (u32)bytes[4 * i] << 24 | bytes[4 * i + 1] << 16 | bytes[4 * i + 2] << 8
               | bytes[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        u32 a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7]
               + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3];
    u32 e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        u32 t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i]
                 + w[i];
        u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

u64 kernel(u64 rounds) {
    u32 state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    constants();
    for (u32 i = 0; i < sizeof data; i++) data[i] = i * 13;
    for (u64 round = 0; round < rounds; round++)
        for (u32 at = 0; at < sizeof data; at += 64) block(state, data + at);
    return (u64)state[0] << 32 | state[7];
}
