/* bench NAME ROUNDS: works through the rounds twice. bench scaling NAME ROUNDS: see scaling.c.
   Called as init, it says that the kernel has started its first program, and goes on to /init. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define KERNEL(name) u64 kernel_##name(u64 rounds);
#include "works.h"
#undef KERNEL

static const struct work works[] = {
#define KERNEL(name) {#name, kernel_##name},
#include "works.h"
    {"syscall", system_calls},
    {"pipe", pipe_round_trips},
    {"exec", programs_started},
    {"fault", page_faults},
    {"read", sequential_reads},
    {"write", sequential_writes},
    {"read-4k-seq", small_sequential_reads},
    {"write-4k-seq", small_sequential_writes},
    {"read-4k", random_reads},
    {"write-4k", random_writes},
    {"read-4k-x16", many_random_reads},
    {"write-4k-x16", many_random_writes},
    {"tcp-in", streams_in},
    {"tcp-out", streams_out},
    {"tcp-in-x4", many_streams_in},
    {"tcp-out-x4", many_streams_out},
    {"tcp-rr", requests_and_responses},
};

const struct work *find_work(const char *name) {
    for (u32 i = 0; i < sizeof works / sizeof *works; i++)
        if (!strcmp(works[i].name, name)) return &works[i];
    fail(name);
}

u64 now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ul + time.tv_nsec;
}

void fail(const char *what) {
    printf("@failed %s: %s\n", what, strerror(errno));
    exit(1);
}

void mark_begin(void) { printf("@begin\n"); }
void mark_lap(u64 nanos) { printf("@lap %lu\n", nanos); }
void mark_end(u64 sum) { printf("@end %016lx\n", sum); }

static void twice(const struct work *work, u64 rounds) {
    u64 sum = 0;
    mark_begin();
    for (int lap = 0; lap < 2; lap++) {
        u64 start = now();
        sum = work->run(rounds);
        mark_lap(now() - start);
    }
    mark_end(sum);
}

int main(int count, char **arguments) {
    setvbuf(stdout, 0, _IOLBF, 0);
    if (strstr(arguments[0], "init")) {
        printf("@init\n");
        execl("/init", "/init", (char *)0);
        fail("/init");
    }
    if (count == 3)
        twice(find_work(arguments[1]), strtoul(arguments[2], 0, 10));
    else if (count == 4 && !strcmp(arguments[1], "scaling"))
        scale(find_work(arguments[2]), strtoul(arguments[3], 0, 10));
    else
        fail("bench [scaling] NAME ROUNDS");
    return 0;
}
