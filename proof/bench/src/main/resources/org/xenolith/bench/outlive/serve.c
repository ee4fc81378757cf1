/* What a guest of the group outlive runs.
     serve dirty MIB_A_SECOND SECONDS   writes to memory; answers how many MiB a second it was
     serve dirty MIB_A_SECOND           the same for ever
     serve web PORT                     answers HTTP, and datagrams with what they say; for ever */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096ul
#define WORDS (PAGE_BYTES / sizeof(unsigned long))
#define MIB (1ul << 20)
#define AREA_MIB 100ul
#define TICKS 100ul /* a second */
#define LATE_SECONDS_MAX 0.1
#define BODY_BYTES 8192

static void fail(const char *what) {
    printf("@failed %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* Every word gets another value than it had, and one that says nothing of it. */
static void rewrite(unsigned long *page, unsigned long *seed) {
    unsigned long x = *seed;
    for (unsigned long i = 0; i < WORDS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        page[i] = x;
    }
    *seed = x;
}

static void dirty(unsigned long mib, double end) {
    unsigned long pages = AREA_MIB * MIB / PAGE_BYTES, each = mib * MIB / PAGE_BYTES / TICKS;
    unsigned long next = 0, written = 0, seed = 88172645463325252ul;
    unsigned long *area =
        mmap(0, AREA_MIB * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) fail("mmap");
    double start = seconds(), due = start;
    printf("@begin\n");
    while (!end || seconds() - start < end) {
        for (unsigned long i = 0; i < each; i++, written++) {
            rewrite(area + next * WORDS, &seed);
            next = (next + 1) % pages;
        }
        due += 1.0 / TICKS;
        double early = due - seconds();
        if (early > 0)
            usleep(early * 1e6);
        else if (early < -LATE_SECONDS_MAX)
            due -= early; /* what could not be done in time is not made up for */
    }
    printf("@end %.1f\n", written * PAGE_BYTES / (seconds() - start) / MIB);
}

static int bound(int type, int port) {
    struct sockaddr_in address = {AF_INET, htons(port), {INADDR_ANY}, {0}};
    int on = 1, listener = socket(AF_INET, type, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address)) fail("bind");
    return listener;
}

static void echo_datagrams(int port) {
    char data[64];
    struct sockaddr_in from;
    int listener = bound(SOCK_DGRAM, port);
    for (;;) {
        socklen_t length = sizeof from;
        ssize_t got = recvfrom(listener, data, sizeof data, 0, (struct sockaddr *)&from, &length);
        if (got >= 0) sendto(listener, data, got, 0, (struct sockaddr *)&from, length);
    }
}

/* A request is whatever ends with an empty line. */
static void serve(int connection) {
    static char answer[256 + BODY_BYTES];
    char request[1024];
    int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY_BYTES);
    size_t have = 0;
    memset(answer + head, 'x', BODY_BYTES);
    for (;;) {
        ssize_t got = read(connection, request + have, sizeof request - 1 - have);
        if (got <= 0) return;
        have += got;
        request[have] = 0;
        if (strstr(request, "\r\n\r\n")) {
            for (int sent = 0, now; sent < head + BODY_BYTES; sent += now)
                if ((now = write(connection, answer + sent, head + BODY_BYTES - sent)) <= 0) return;
            have = 0;
        }
    }
}

static void web(int port) {
    int on = 1, listener = bound(SOCK_STREAM, port);
    signal(SIGCHLD, SIG_IGN);
    if (!fork()) echo_datagrams(port);
    if (listen(listener, 64)) fail("listen");
    for (;;) {
        int connection = accept(listener, 0, 0);
        if (connection < 0) continue;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (!fork()) {
            serve(connection);
            _exit(0);
        }
        close(connection);
    }
}

int main(int count, char **arguments) {
    setvbuf(stdout, 0, _IOLBF, 0);
    if (count >= 3 && !strcmp(arguments[1], "dirty"))
        dirty(strtoul(arguments[2], 0, 10), count > 3 ? atof(arguments[3]) : 0);
    else if (count == 3 && !strcmp(arguments[1], "web"))
        web(atoi(arguments[2]));
    else
        fail("serve dirty|web ...");
    return 0;
}
