/* The sieve of Eratosthenes over bytes. */
#include "kernels.h"
#define N 60000
static u8 composite[N];

u64 kernel(u64 rounds) {
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        for (u32 i = 0; i < N; i++) composite[i] = 0;
        for (u32 i = 2; i * i < N; i++)
            if (!composite[i])
                for (u32 j = i * i; j < N; j += i) composite[j] = 1;
        for (u32 i = 2; i < N; i++) sum += !composite[i];
    }
    return sum;
}
