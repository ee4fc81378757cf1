/* memcpy and memset as the string instructions that a kernel uses for them. */
#include "kernels.h"
static u8 a[65536], b[65536];

u64 kernel(u64 rounds) {
    for (u32 i = 0; i < sizeof a; i++) a[i] = i * 31;
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        u64 bytes = 64 + (round * 4099 & 32767);
        memcpy(b + (round & 1023), a + (round * 7 & 2047), bytes);
        memset(a + (round * 131 & 32767), (int)round, 64 + (bytes >> 3));
        sum = sum * 31 + b[round & 65535];
    }
    return sum;
}
