/* Reads and writes of DISK past the guest's page cache. Every page of it begins with its label: what
   is read is checked by that, and whatever is written leaves it as it was. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

#define SMALL PAGE_BYTES
#define LARGE (1ul << 20)

/* So many processes with so many requests each under way: 16 requests. */
#define PROCESSES 4
#define DEPTH 4

enum way { READ, WRITE };

static u64 size;

static u8 *buffer_of(u64 bytes) {
    u8 *buffer = aligned_alloc(PAGE_BYTES, bytes);
    if (!buffer) fail("memory");
    for (u64 i = 0; i < bytes; i++) buffer[i] = i;
    return buffer;
}

/* Before a write: puts the labels of the pages that begin at `place`. */
static void put_labels(u8 *buffer, u64 bytes, u64 place) {
    for (u64 at = 0; at < bytes; at += PAGE_BYTES)
        *(u64 *)(buffer + at) = label((place + at) / PAGE_BYTES);
}

/* After a read: their sum, if they are right. */
static u64 sum_of_labels(const u8 *buffer, u64 bytes, u64 place) {
    u64 sum = 0;
    for (u64 at = 0; at < bytes; at += PAGE_BYTES) {
        u64 found = *(const u64 *)(buffer + at);
        if (found != label((place + at) / PAGE_BYTES)) fail("content of the disk");
        sum += found;
    }
    return sum;
}

/* Nothing is ever written to a disk that does not begin as ours do. */
static int open_disk(void) {
    const char *name = getenv("DISK");
    int disk = name ? open(name, O_RDWR | O_DIRECT) : -1;
    u8 *page = buffer_of(PAGE_BYTES);
    if (disk < 0) fail("DISK");
    size = lseek(disk, 0, SEEK_END);
    if (size < LARGE || pread(disk, page, PAGE_BYTES, 0) != PAGE_BYTES) fail("DISK");
    sum_of_labels(page, PAGE_BYTES, 0);
    free(page);
    return disk;
}

/* xorshift64 (Marsaglia 2003). */
static u64 next_random(u64 *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static u64 random_place(u64 *state) { return next_random(state) % (size / SMALL) * SMALL; }

/* ---------------------------------------------------------------- one request at a time */

static u64 transfer(int disk, enum way way, u8 *buffer, u64 bytes, u64 place) {
    if (way == WRITE) put_labels(buffer, bytes, place);
    long done = way == READ ? pread(disk, buffer, bytes, place) : pwrite(disk, buffer, bytes, place);
    if (done != (long)bytes) fail("transfer");
    return sum_of_labels(buffer, bytes, place);
}

static u64 in_sequence(enum way way, u64 bytes, u64 rounds) {
    int disk = open_disk();
    u8 *buffer = buffer_of(bytes);
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++)
        sum += transfer(disk, way, buffer, bytes, round % (size / bytes) * bytes);
    free(buffer);
    close(disk);
    return sum;
}

static u64 at_random(enum way way, u64 rounds) {
    int disk = open_disk();
    u8 *buffer = buffer_of(SMALL);
    u64 sum = 0, random = 1;
    for (u64 round = 0; round < rounds; round++)
        sum += transfer(disk, way, buffer, SMALL, random_place(&random));
    free(buffer);
    close(disk);
    return sum;
}

u64 sequential_reads(u64 rounds) { return in_sequence(READ, LARGE, rounds); }
u64 sequential_writes(u64 rounds) { return in_sequence(WRITE, LARGE, rounds); }
u64 small_sequential_reads(u64 rounds) { return in_sequence(READ, SMALL, rounds); }
u64 small_sequential_writes(u64 rounds) { return in_sequence(WRITE, SMALL, rounds); }
u64 random_reads(u64 rounds) { return at_random(READ, rounds); }
u64 random_writes(u64 rounds) { return at_random(WRITE, rounds); }

/* ---------------------------------------------------------------- many at a time */

struct queue {
    int disk;
    enum way way;
    u64 random;
    aio_context_t context;
    struct iocb requests[DEPTH];
};

static void submit(struct queue *queue, struct iocb *request) {
    request->aio_offset = random_place(&queue->random);
    if (queue->way == WRITE) put_labels((u8 *)request->aio_buf, SMALL, request->aio_offset);
    if (syscall(SYS_io_submit, queue->context, 1, &request) != 1) fail("io_submit");
}

/* Waits for a request and answers its labels' sum; where there are more to come, makes the next. */
static u64 await(struct queue *queue, u64 *to_come) {
    struct io_event event;
    if (syscall(SYS_io_getevents, queue->context, 1, 1, &event, 0) != 1) fail("io_getevents");
    struct iocb *request = (struct iocb *)event.obj;
    if (event.res != SMALL) fail("transfer");
    u64 sum = sum_of_labels((u8 *)request->aio_buf, SMALL, request->aio_offset);
    if (*to_come) {
        --*to_come;
        submit(queue, request);
    }
    return sum;
}

/* A process's part: DEPTH requests of each round. */
static u64 deep(enum way way, u32 process, u64 rounds) {
    struct queue queue = {.disk = open_disk(), .way = way, .random = process + 1};
    u64 to_come = (rounds - 1) * DEPTH, sum = 0;
    if (syscall(SYS_io_setup, DEPTH, &queue.context)) fail("io_setup");
    for (u32 i = 0; i < DEPTH; i++) {
        queue.requests[i] = (struct iocb){
            .aio_fildes = queue.disk,
            .aio_lio_opcode = way == READ ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE,
            .aio_buf = (u64)buffer_of(SMALL),
            .aio_nbytes = SMALL,
        };
        submit(&queue, &queue.requests[i]);
    }
    for (u64 i = 0; i < rounds * DEPTH; i++) sum += await(&queue, &to_come);
    return sum;
}

static u64 deep_reads(u32 process, u64 rounds) { return deep(READ, process, rounds); }
static u64 deep_writes(u32 process, u64 rounds) { return deep(WRITE, process, rounds); }

u64 many_random_reads(u64 rounds) { return in_processes(PROCESSES, deep_reads, rounds); }
u64 many_random_writes(u64 rounds) { return in_processes(PROCESSES, deep_writes, rounds); }
