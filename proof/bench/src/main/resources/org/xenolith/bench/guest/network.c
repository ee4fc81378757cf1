/* TCP to the host, whose address and port are in PEER. The host does as it is told by the first 16
   bytes of a connection (HostPeer.java). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench.h"

#define MIB (1ul << 20)

/* What is given to the kernel, or taken from it, at once. */
#define CHUNK (128ul << 10)
#define CONNECTIONS 4

enum task { SEND = 1, RECEIVE = 2, ECHO = 3 };

static u8 data[MIB] __attribute__((aligned(PAGE_BYTES)));

static struct sockaddr_in peer(void) {
    struct sockaddr_in peer = {.sin_family = AF_INET};
    char address[16];
    unsigned short port;
    const char *text = getenv("PEER");
    if (!text || sscanf(text, "%15[0-9.]:%hu", address, &port) != 2) fail("PEER");
    peer.sin_port = htons(port);
    peer.sin_addr.s_addr = inet_addr(address);
    return peer;
}

static void send_all(int connection, const void *bytes, u64 count) {
    for (u64 sent = 0; sent < count;) {
        long now = send(connection, (const u8 *)bytes + sent, count - sent, 0);
        if (now <= 0) fail("send");
        sent += now;
    }
}

static void receive_all(int connection, void *bytes, u64 count) {
    if (recv(connection, bytes, count, MSG_WAITALL) != (long)count) fail("recv");
}

static int connection_for(enum task task, u64 bytes) {
    struct sockaddr_in address = peer();
    u64 order[] = {task, bytes};
    int connection = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connection < 0) fail("socket");
    if (connect(connection, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send_all(connection, order, sizeof order);
    return connection;
}

/* The sum of the labels by which the pages of a MiB begin, if they are right. */
static u64 sum_of_labels(const u8 *bytes, u64 count, u64 place) {
    u64 sum = 0;
    for (u64 at = 0; at < count; at += PAGE_BYTES) {
        u64 found = *(const u64 *)(bytes + at);
        if (found != label((place + at) % MIB / PAGE_BYTES)) fail("content of the stream");
        sum += found;
    }
    return sum;
}

static u64 stream_in(u32 number, u64 rounds) {
    int connection = connection_for(SEND, rounds * MIB);
    u64 sum = 0;
    (void)number;
    for (u64 place = 0; place < rounds * MIB; place += CHUNK) {
        receive_all(connection, data, CHUNK);
        sum += sum_of_labels(data, CHUNK, place);
    }
    close(connection);
    return sum;
}

/* Ends when the host has everything: it answers the labels' sum. */
static u64 stream_out(u32 number, u64 rounds) {
    int connection = connection_for(RECEIVE, rounds * MIB);
    u64 sum;
    (void)number;
    for (u64 at = 0; at < MIB; at += PAGE_BYTES) *(u64 *)(data + at) = label(at / PAGE_BYTES);
    for (u64 place = 0; place < rounds * MIB; place += CHUNK)
        send_all(connection, data + place % MIB, CHUNK);
    receive_all(connection, &sum, sizeof sum);
    close(connection);
    return sum;
}

u64 streams_in(u64 rounds) { return stream_in(0, rounds); }
u64 streams_out(u64 rounds) { return stream_out(0, rounds); }
u64 many_streams_in(u64 rounds) { return in_processes(CONNECTIONS, stream_in, rounds); }
u64 many_streams_out(u64 rounds) { return in_processes(CONNECTIONS, stream_out, rounds); }

/* A byte goes to the host and comes back. */
u64 requests_and_responses(u64 rounds) {
    int connection = connection_for(ECHO, rounds);
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        u8 byte = round;
        send_all(connection, &byte, 1);
        receive_all(connection, &byte, 1);
        sum += byte;
    }
    close(connection);
    return sum;
}
