/* Recursive quicksort of random integers. */
#include "kernels.h"
#define N 4096
static u32 a[N];

static __attribute__((noinline)) void sort(long low, long high) {
    while (low < high) {
        u32 pivot = a[(low + high) / 2];
        long i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                u32 t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (j - low < high - i) {
            sort(low, j);
            low = i;
        } else {
            sort(i, high);
            high = j;
        }
    }
}

u64 kernel(u64 rounds) {
    u32 seed = 1;
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        for (u32 i = 0; i < N; i++) a[i] = seed = seed * 1664525 + 1013904223;
        sort(0, N - 1);
        sum = sum * 31 + a[N / 3];
    }
    return sum;
}
