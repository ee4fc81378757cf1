/* Two workers, each bound to a processor. Laps: both at once as a warm-up, then in turn one alone, the
 * other one in the next turn, and both, for a part of the rounds each: what else the host's processors
 * have to do comes and goes. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>
#include "bench.h"

#define WORKERS 2
#define TURNS 6
#define TURN_SHARE 3

static struct worker {
    int go[2], done[2];
} workers[WORKERS];

static void be_worker(int number, const struct work *work) {
    struct worker *self = &workers[number];
    cpu_set_t processors;
    u64 rounds;
    CPU_ZERO(&processors);
    CPU_SET(number, &processors);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (sched_setaffinity(0, sizeof processors, &processors)) fail("sched_setaffinity");
    while (read(self->go[0], &rounds, sizeof rounds) == sizeof rounds) {
        u64 sum = work->run(rounds);
        if (write(self->done[1], &sum, sizeof sum) != sizeof sum) fail("pipe");
    }
    _exit(0);
}

static u64 lap(int first, int last, u64 rounds) {
    u64 start = now(), total = 0, sum;
    for (int i = first; i <= last; i++)
        if (write(workers[i].go[1], &rounds, sizeof rounds) != sizeof rounds) fail("pipe");
    for (int i = first; i <= last; i++) {
        if (read(workers[i].done[0], &sum, sizeof sum) != sizeof sum) fail("pipe");
        total += sum;
    }
    mark_lap(now() - start);
    return total;
}

void scale(const struct work *work, u64 rounds) {
    u64 part = rounds / TURN_SHARE + 1, sum = 0;
    for (int i = 0; i < WORKERS; i++) {
        if (pipe(workers[i].go) || pipe(workers[i].done)) fail("pipe");
        int child = fork();
        if (child < 0) fail("fork");
        if (!child) be_worker(i, work);
    }
    mark_begin();
    lap(0, WORKERS - 1, rounds);
    for (int turn = 0; turn < TURNS; turn++) {
        int one = turn % WORKERS;
        sum = sum * 31 + lap(one, one, part);
        sum = sum * 31 + lap(0, WORKERS - 1, part);
    }
    mark_end(sum);
}
