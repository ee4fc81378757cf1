/*
 * Writes what can be told apart afterwards, and says the number of each step when what it has
 * written is durable. Beside it a child writes files that nobody is promised.
 *
 * usage: writer DIRECTORY FIRST-STEP
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 4096,
    BLOCKS = 1024,
    FILE_STEPS = 8, /* every eighth step makes a file ... */
    FILES = 64,     /* of which so many stay */
    NOISE_FILES = 20
};

static uint64_t block[BLOCK_BYTES / sizeof(uint64_t)];

static void must(int right, const char *what) {
    if (!right) {
        perror(what);
        exit(1);
    }
}

static void write_fully(int file, const void *bytes, size_t count, off_t at) {
    must(pwrite(file, bytes, count, at) == (ssize_t)count, "write");
}

static void fill(uint64_t step) {
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) {
        block[i] = step;
    }
}

static void name_file(char *name, uint64_t step) {
    sprintf(name, "file-%llu", (unsigned long long)step);
}

/* The way of editors and databases: a new file, durable, takes a name, which is made durable. */
static void make_file(int directory, uint64_t step) {
    char name[40];
    int file = open("new", O_CREAT | O_TRUNC | O_WRONLY, 0644);
    must(file >= 0, "new");
    for (uint64_t i = 0; i <= step / FILE_STEPS % 5; i++) {
        write_fully(file, block, sizeof block, (off_t)(i * sizeof block));
    }
    must(fsync(file) == 0 && close(file) == 0, "fsync");
    name_file(name, step);
    must(rename("new", name) == 0 && fsync(directory) == 0, name);
    if (step > FILE_STEPS * FILES) {
        name_file(name, step - FILE_STEPS * FILES);
        unlink(name);
    }
}

static void make_noise(void) {
    char name[40];
    must(nice(10) != -1, "nice");
    for (unsigned i = 0;; i++) {
        sprintf(name, "noise-%u", (unsigned)random() % NOISE_FILES);
        if (i % 3 == 2) {
            unlink(name);
        } else {
            int file = open(name, O_CREAT | O_WRONLY, 0644);
            must(file >= 0, name);
            for (unsigned n = (unsigned)random() % 16; n > 0; n--) {
                write_fully(file, block, sizeof block, (off_t)n * BLOCK_BYTES);
            }
            close(file);
        }
        usleep(2000);
    }
}

int main(int count, char **words) {
    must(count == 3 && chdir(words[1]) == 0, "usage: writer DIRECTORY FIRST-STEP");
    if (fork() == 0) {
        make_noise();
    }
    int directory = open(".", O_RDONLY | O_DIRECTORY);
    int blocks = open("blocks", O_CREAT | O_WRONLY, 0644);
    must(directory >= 0 && blocks >= 0, "blocks");
    must(ftruncate(blocks, (off_t)BLOCKS * BLOCK_BYTES) == 0, "ftruncate");
    for (uint64_t step = strtoull(words[2], NULL, 10);; step++) {
        fill(step);
        write_fully(blocks, block, sizeof block, (off_t)(step * 7919 % BLOCKS * BLOCK_BYTES));
        must(fdatasync(blocks) == 0, "fdatasync");
        if (step % FILE_STEPS == 0) {
            make_file(directory, step);
        }
        printf("durable %llu\n", (unsigned long long)step);
        fflush(stdout);
    }
}
