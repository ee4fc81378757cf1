/* Copying and summing by words, a loop that no string instruction does. */
#include "kernels.h"
static u64 a[8192], b[8192];

u64 kernel(u64 rounds) {
    for (u32 i = 0; i < 8192; i++) a[i] = i * 0x9E3779B97F4A7C15ul;
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        for (u32 i = 0; i < 8192; i++) b[i] = a[i] + round;
        for (u32 i = 0; i < 8192; i++) sum += b[i] ^ i;
    }
    return sum;
}
