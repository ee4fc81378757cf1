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

/* Past the guest's page cache, on a disk of the host's. Of the last two, a round is 16 requests. */
u64 sequential_reads(u64 rounds);
u64 small_sequential_reads(u64 rounds);
u64 sequential_writes(u64 rounds);
u64 small_sequential_writes(u64 rounds);
u64 random_reads(u64 rounds);
u64 random_writes(u64 rounds);
u64 many_random_reads(u64 rounds);
u64 many_random_writes(u64 rounds);

/* TCP between the guest and its host. A round is a MiB, of each connection. */
u64 streams_in(u64 rounds);
u64 streams_out(u64 rounds);
u64 many_streams_in(u64 rounds);
u64 many_streams_out(u64 rounds);
u64 requests_and_responses(u64 rounds);

#define PAGE_BYTES 4096ul

/* By what a page of data begins, so that one that is lost or elsewhere is noticed (Pages.java). */
static inline u64 label(u64 page) { return (page + 1) * 0x9e3779b97f4a7c15ul; }

/* So many processes do a part each; answers the sum of theirs. */
u64 in_processes(u32 count, u64 (*part)(u32 number, u64 rounds), u64 rounds);

/* A work as one process and as two, each process on a processor of its own. */
void scale(const struct work *work, u64 rounds);

/* Lines for the host: it takes the time when they arrive. */
void mark_begin(void);
void mark_lap(u64 nanos);
void mark_end(u64 sum);
