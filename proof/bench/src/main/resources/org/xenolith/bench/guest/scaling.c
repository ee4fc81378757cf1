/* Two workers, each bound to a processor. Laps: both at once as a warm-up, one alone, both. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>
#include "bench.h"

#define WORKERS 2

static struct worker {
    int go[2], done[2];
} workers[WORKERS];

static void be_worker(int number, const struct work *work, u64 rounds) {
    struct worker *self = &workers[number];
    cpu_set_t processors;
    u8 byte;
    CPU_ZERO(&processors);
    CPU_SET(number, &processors);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (sched_setaffinity(0, sizeof processors, &processors)) fail("sched_setaffinity");
    while (read(self->go[0], &byte, 1) == 1) {
        u64 sum = work->run(rounds);
        if (write(self->done[1], &sum, sizeof sum) != sizeof sum) fail("pipe");
    }
    _exit(0);
}

static u64 lap(int count) {
    u64 start = now(), total = 0, sum;
    for (int i = 0; i < count; i++)
        if (write(workers[i].go[1], "", 1) != 1) fail("pipe");
    for (int i = 0; i < count; i++) {
        if (read(workers[i].done[0], &sum, sizeof sum) != sizeof sum) fail("pipe");
        total += sum;
    }
    mark_lap(now() - start);
    return total;
}

void scale(const struct work *work, u64 rounds) {
    for (int i = 0; i < WORKERS; i++) {
        if (pipe(workers[i].go) || pipe(workers[i].done)) fail("pipe");
        int child = fork();
        if (child < 0) fail("fork");
        if (!child) be_worker(i, work, rounds);
    }
    mark_begin();
    lap(WORKERS);
    u64 one = lap(1);
    mark_end(one * 31 + lap(WORKERS));
}
