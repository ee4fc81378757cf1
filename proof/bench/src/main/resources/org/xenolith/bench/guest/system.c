/* Operations of the system, as a process sees them. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define PAGES 256ul

u64 system_calls(u64 rounds) {
    u64 good = 0;
    for (u64 round = 0; round < rounds; round++) good += syscall(SYS_getppid) >= 0;
    return good;
}

static void echo(int from, int to) {
    u8 byte;
    while (read(from, &byte, 1) == 1)
        if (write(to, &byte, 1) != 1) _exit(1);
    _exit(0);
}

/* A byte goes to another process and comes back: on one processor, two context switches. */
u64 pipe_round_trips(u64 rounds) {
    int there[2], back[2];
    if (pipe(there) || pipe(back)) fail("pipe");
    int child = fork();
    if (child < 0) fail("fork");
    if (!child) {
        close(there[1]);
        echo(there[0], back[1]);
    }
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        u8 byte = round;
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) fail("pipe");
        sum += byte;
    }
    close(there[1]);
    close(there[0]);
    close(back[0]);
    close(back[1]);
    if (waitpid(child, 0, 0) != child) fail("waitpid");
    return sum;
}

u64 programs_started(u64 rounds) {
    for (u64 round = 0; round < rounds; round++) {
        int child = fork(), status;
        if (child < 0) fail("fork");
        if (!child) {
            execl("/bench/nothing", "nothing", (char *)0);
            _exit(1);
        }
        if (waitpid(child, &status, 0) != child) fail("waitpid");
        if (status) fail("/bench/nothing");
    }
    return rounds;
}

/* A round is PAGES pages: mapped, touched and unmapped. */
u64 page_faults(u64 rounds) {
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        u8 *pages = mmap(0, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED) fail("mmap");
        madvise(pages, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
        for (u64 page = 0; page < PAGES; page++) sum += ++pages[page * PAGE_BYTES];
        munmap(pages, PAGES * PAGE_BYTES);
    }
    return sum;
}
