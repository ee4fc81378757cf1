/* Work that several processes do at once. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

/* A child that fails says so itself, by its mark. */
u64 in_processes(u32 count, u64 (*part)(u32 number, u64 rounds), u64 rounds) {
    int sums[2];
    u64 total = 0;
    if (pipe(sums)) fail("pipe");
    for (u32 number = 0; number < count; number++) {
        int child = fork();
        if (child < 0) fail("fork");
        if (!child) {
            u64 sum = part(number, rounds);
            _exit(write(sums[1], &sum, sizeof sum) != sizeof sum);
        }
    }
    close(sums[1]);
    for (u32 number = 0; number < count; number++) {
        u64 sum;
        if (read(sums[0], &sum, sizeof sum) != sizeof sum) exit(1);
        total += sum;
    }
    close(sums[0]);
    while (wait(0) > 0);
    return total;
}
