/* Insertion and look-up in an open-addressing hash table. */
#include "kernels.h"
#define SIZE 16384
static u64 keys[SIZE];
static u64 values[SIZE];

static u64 mix(u64 x) {
    x ^= x >> 33;
    x *= 0xFF51AFD7ED558CCDul;
    return x ^ x >> 33;
}

static __attribute__((noinline)) u64 *find(u64 key) {
    u64 at = mix(key) % SIZE;
    while (keys[at] && keys[at] != key) at = (at + 1) % SIZE;
    keys[at] = key;
    return &values[at];
}

u64 kernel(u64 rounds) {
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        u64 x = round + 88172645463325252ul;
        for (u32 i = 0; i < 10000; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            *find(x % 9973 + 1) += i;
        }
        sum += *find(round % 9973 + 1);
    }
    return sum;
}
