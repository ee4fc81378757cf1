/* What speaks with a guest of the group outlive, from its host. Prints nanoseconds, one line each.
     client new ADDRESS PORT COUNT MILLIS    an HTTP request every MILLIS, each by a connection of
                                             its own: from its beginning to the answer's last byte
     client kept ADDRESS PORT COUNT MILLIS   the same by one connection
     client kill PID ADDRESS PORT            kills the process; from that to the first answer to a
                                             datagram, and to the answer to an HTTP request by a
                                             connection that was there, both asked after it */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long u64;

#define MILLI 1000000ul
#define WAIT_MILLIS_MAX 20000
#define DATAGRAM_MILLIS 5

static const char request[] = "GET / HTTP/1.1\r\nHost: guest\r\n\r\n";
static struct sockaddr_in guest = {.sin_family = AF_INET};

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static u64 now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ul + time.tv_nsec;
}

static void sleep_until(u64 when) {
    struct timespec time = {when / 1000000000ul, when % 1000000000ul};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, 0)) continue;
}

static int connected(int type) {
    int on = 1, connection = socket(AF_INET, type, 0);
    struct timeval most = {WAIT_MILLIS_MAX / 1000, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    if (type == SOCK_STREAM)
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection, (struct sockaddr *)&guest, sizeof guest)) fail("connect");
    return connection;
}

static void ask(int connection) {
    if (write(connection, request, sizeof request - 1) != sizeof request - 1) fail("write");
}

/* Reads an answer: to the end of the connection if it is a new one, else as long as it says. */
static void hear(int connection, int to_end) {
    static char answer[1 << 16];
    size_t have = 0, want = sizeof answer;
    while (have < want) {
        ssize_t got = read(connection, answer + have, sizeof answer - 1 - have);
        if (got < 0) fail("read");
        if (!got && to_end) break;
        if (!got) fail("the guest has closed the connection");
        have += got;
        answer[have] = 0;
        char *length = strstr(answer, "Content-Length: "), *body = strstr(answer, "\r\n\r\n");
        if (!to_end && length && body) want = body + 4 - answer + atol(length + 16);
    }
    if (strncmp(answer, "HTTP/1.", 7) || strncmp(answer + 9, "200", 3)) fail("not an answer");
}

/* Requests begin at times of a schedule: one that takes long does not put off those behind it. */
static void requests(int kept, int count, u64 every) {
    int connection = kept ? connected(SOCK_STREAM) : -1;
    u64 start = now();
    for (int i = 0; i < count; i++) {
        /* Not in step with whatever else happens every so many milliseconds. */
        u64 due = start + i * every + every * (i * 7919 % 1000) / 1000;
        sleep_until(due);
        u64 begun = now();
        int used = kept ? connection : connected(SOCK_STREAM);
        ask(used);
        hear(used, !kept);
        printf("%lu\n", now() - begun);
        if (!kept) close(used);
    }
}

/* Sends a datagram every few milliseconds with its number until one of those is answered. */
static u64 first_reply(int datagrams) {
    u64 number = now(), least = number, reply, next = number;
    while (now() - least < WAIT_MILLIS_MAX * MILLI) {
        if (now() >= next) {
            number = now();
            next = number + DATAGRAM_MILLIS * MILLI;
            send(datagrams, &number, sizeof number, 0); /* refused while nobody is there */
        }
        struct pollfd wait = {datagrams, POLLIN, 0};
        poll(&wait, 1, 1);
        if (recv(datagrams, &reply, sizeof reply, MSG_DONTWAIT) == sizeof reply && reply >= least)
            return now();
    }
    fail("the guest does not answer");
    return 0;
}

static void kill_and_wait(pid_t process) {
    int datagrams = connected(SOCK_DGRAM), connection = connected(SOCK_STREAM);
    for (int i = 0; i < 20; i++) { /* all of it has been used */
        first_reply(datagrams);
        ask(connection);
        hear(connection, 0);
    }
    u64 killed = now();
    if (kill(process, SIGKILL)) fail("kill");
    ask(connection);
    printf("%lu\n", first_reply(datagrams) - killed);
    hear(connection, 0);
    printf("%lu\n", now() - killed);
}

int main(int count, char **arguments) {
    if (count != 5 && count != 6) fail("client new|kept|kill ...");
    int kill = !strcmp(arguments[1], "kill");
    if (inet_pton(AF_INET, arguments[2 + kill], &guest.sin_addr) != 1) fail("address");
    guest.sin_port = htons(atoi(arguments[3 + kill]));
    if (kill)
        kill_and_wait(atoi(arguments[2]));
    else
        requests(!strcmp(arguments[1], "kept"), atoi(arguments[4]), atol(arguments[5]) * MILLI);
    return 0;
}
