package org.xenolith.bench.table;

import static org.xenolith.bench.table.Group.BOOT;
import static org.xenolith.bench.table.Group.DISK;
import static org.xenolith.bench.table.Group.EXTRA;
import static org.xenolith.bench.table.Group.KERNELS;
import static org.xenolith.bench.table.Group.LOGIN;
import static org.xenolith.bench.table.Group.NETWORK;
import static org.xenolith.bench.table.Group.SCALING;
import static org.xenolith.bench.table.Group.SYSTEM;
import static org.xenolith.bench.table.Row.Instructions.BOTH;
import static org.xenolith.bench.table.Row.Instructions.NOBODYS;
import static org.xenolith.bench.table.Row.Instructions.OURS;
import static org.xenolith.bench.table.Unit.FACTOR;
import static org.xenolith.bench.table.Unit.MICROS;
import static org.xenolith.bench.table.Unit.NANOS;
import static org.xenolith.bench.table.Unit.SECONDS;

import java.util.List;

/// All rows, in the table's order.
public final class Rows {
    private static final double KERNEL_FLOOR = 0.9;
    private static final double SYSTEM_FLOOR = 0.8;
    private static final double DEVICE_FLOOR = 1;
    private static final double SCALING_FLOOR = 1.8;

    /// At most twice the time.
    private static final double BOOT_FLOOR = 0.5;

    /// At most one and a half times the time.
    private static final double LOGIN_FLOOR = 2.0 / 3;

    // spotless:off
    public static final List<Row> ALL = List.of(
            boot("boot-init",  "from the command's start to the first program of the guest", 0),
            boot("boot-shell", "from the command's start to the shell's prompt", BOOT_FLOOR),

            kernel("sieve",  "a sieve of Eratosthenes over 60,000 bytes",         MICROS, 100,    BOTH),
            kernel("crc",    "the CRC-32 of 8 KiB, by a table",                   MICROS, 300,    BOTH),
            kernel("qsort",  "a quicksort of 4096 integers",                      MICROS, 30,     BOTH),
            kernel("hash",   "10,000 insertions or look-ups in a hash table",     MICROS, 50,     BOTH),
            kernel("interp", "10,000 turns of a loop in a bytecode interpreter",  MICROS, 30,     BOTH),
            kernel("state",  "a state machine over 16 KiB of text",               MICROS, 120,    BOTH),
            kernel("nbody",  "a step of five bodies, in double precision",        NANOS,  40_000, BOTH),
            kernel("sha256", "the SHA-256 of 4 KiB",                              MICROS, 400,    BOTH),
            kernel("memory", "a memcpy of up to 32 KiB and a memset, glibc's",    NANOS,  4000,   OURS),
            kernel("shell",  "a turn of a while loop in busybox sh",              MICROS, 1000,   OURS),

            extra("string", "as memory, by rep movsb and rep stosb",              NANOS,  4000,   OURS),
            extra("words",  "a copy and a sum of 8192 words, by loops",           MICROS, 500,    BOTH),

            system("syscall", "a system call that does nothing (getppid)",        NANOS,  1,   2000),
            system("pipe",    "a context switch by a byte through a pipe",        MICROS, 2,   100),
            system("exec",    "fork, exec of a static program, and wait",         MICROS, 1,   4),
            system("fault",   "a page mapped, touched first and unmapped",        NANOS,  256, 4),

            disk("read",          "a MiB of a disk read, in sequence",               1,  20),
            disk("write",         "a MiB of a disk written, in sequence",            1,  20),
            disk("read-4k-seq",   "4 KiB of a disk read, in sequence",                1,  500),
            disk("write-4k-seq",  "4 KiB of a disk written, in sequence",             1,  500),
            disk("read-4k",       "4 KiB of a disk read, anywhere",                  1,  500),
            disk("write-4k",      "4 KiB of a disk written, anywhere",               1,  500),
            disk("read-4k-x16",   "as read-4k, 16 at a time by 4 processes",         16, 50),
            disk("write-4k-x16",  "as write-4k, 16 at a time by 4 processes",        16, 50),

            network("tcp-in",     "a MiB from the host by TCP",                      1,  20),
            network("tcp-out",    "a MiB to the host by TCP",                        1,  20),
            network("tcp-in-x4",  "as tcp-in, by 4 connections at a time",           4,  5),
            network("tcp-out-x4", "as tcp-out, by 4 connections at a time",          4,  5),
            network("tcp-rr",     "a byte to the host and back by TCP",              1,  200),

            scaling("sieve-x2",  "sieve in two processes on two vCPUs against one",  100),
            scaling("interp-x2", "interp in two processes on two vCPUs against one", 30),

            login("boot-login", "from the command's start to a Debian 13 system's login prompt"));
    // spotless:on

    private Rows() {}

    private static Row boot(String name, String meaning, double floor) {
        return new Row(BOOT, name, meaning, SECONDS, 1, 0, NOBODYS, floor);
    }

    private static Row kernel(
            String name, String meaning, Unit unit, long rounds, Row.Instructions instructions) {
        return new Row(KERNELS, name, meaning, unit, 1, rounds, instructions, KERNEL_FLOOR);
    }

    private static Row extra(
            String name, String meaning, Unit unit, long rounds, Row.Instructions instructions) {
        return new Row(EXTRA, name, meaning, unit, 1, rounds, instructions, 0);
    }

    private static Row system(String name, String meaning, Unit unit, int operations, long rounds) {
        return new Row(SYSTEM, name, meaning, unit, operations, rounds, OURS, SYSTEM_FLOOR);
    }

    private static Row disk(String name, String meaning, int operations, long rounds) {
        return new Row(DISK, name, meaning, MICROS, operations, rounds, OURS, DEVICE_FLOOR);
    }

    private static Row network(String name, String meaning, int operations, long rounds) {
        return new Row(NETWORK, name, meaning, MICROS, operations, rounds, OURS, DEVICE_FLOOR);
    }

    private static Row scaling(String name, String meaning, long rounds) {
        return new Row(SCALING, name, meaning, FACTOR, 1, rounds, NOBODYS, SCALING_FLOOR);
    }

    private static Row login(String name, String meaning) {
        return new Row(LOGIN, name, meaning, SECONDS, 1, 0, OURS, LOGIN_FLOOR);
    }

    /// The rows that a word of the command line means: a row's name or a group's.
    public static List<Row> named(String word) {
        return ALL.stream()
                .filter(row -> row.name().equals(word) || row.group().word().equals(word))
                .toList();
    }
}
