/* What the guest's program is made of. */
#include "../kernels/kernels.h"

/* Nanoseconds of the guest's clock. */
u64 now(void);

/* Says how something has failed, and ends. */
void fail(const char *what) __attribute__((noreturn));

/* A kernel or an operation of the system, repeated; answers a checksum. */
struct work {
    const char *name;
    u64 (*run)(u64 rounds);
};

const struct work *find_work(const char *name);

/* What a process asks of its kernel; each round is one operation unless it says otherwise. */
u64 system_calls(u64 rounds);
u64 pipe_round_trips(u64 rounds);
u64 programs_started(u64 rounds);
u64 page_faults(u64 rounds);

/* A work as one process and as two, each process on a processor of its own. */
void scale(const struct work *work, u64 rounds);

/* Lines for the host: it takes the time when they arrive. */
void mark_begin(void);
void mark_lap(u64 nanos);
void mark_end(u64 sum);
