package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/// Two guests of one network that send each other numbers from 1 on, over two TCP connections, as
/// fast as their shells count.
final class Conversation {
    /// There when all are to come to an end.
    static final String ENOUGH = "/tmp/enough";

    /// The last is left in a file.
    private static final String COUNT =
            "{ i=0; while test ! -e /tmp/enough; do i=$((i + 1)); echo $i; done;"
                    + " echo $i > /tmp/sent; }";

    private Conversation() {}

    static String address(int number) {
        return "10.0.0." + number;
    }

    /// Gives the guest's first interface the address of `number`.
    static void setUp(Guest guest, int number) throws InterruptedException {
        var command =
                "dmesg -n 1; until test -e /sys/class/net/eth0; do sleep 0.1; done;"
                        + " ip link set eth0 up; ip addr add %s/24 dev eth0; echo done";
        assertThat(guest.run(command.formatted(address(number)))).isEqualTo("done");
    }

    /// The guests are numbers 1 and 2.
    static void begin(Guest one, Guest two) throws InterruptedException {
        for (var end : List.of(one, two)) {
            end.run("(tail -f /dev/null | (nc -l -p 5001 > /tmp/received; touch /tmp/all)) & true");
            end.run("until grep -q :1389 /proc/net/tcp*; do sleep 0.1; done"); // 5001
        }
        one.run("(" + COUNT + " | nc " + address(2) + " 5001) & true");
        two.run("(" + COUNT + " | nc " + address(1) + " 5001) & true");
    }

    /// How many numbers have arrived so far.
    static long heard(Guest guest) throws InterruptedException {
        return Long.parseLong(guest.run("wc -l < /tmp/received").strip());
    }

    /// Ends it: each has heard all that the other has said, in order and once, and no segment came
    /// damaged.
    static void check(Guest one, Guest two) throws InterruptedException {
        for (var end : List.of(one, two)) {
            end.run("touch " + ENOUGH);
        }
        for (var end : List.of(one, two)) {
            end.run("until [ -e /tmp/sent -a -e /tmp/all ]; do sleep 0.1; done");
        }
        assertThat(received(one)).isEqualTo(two.run("cat /tmp/sent"));
        assertThat(received(two)).isEqualTo(one.run("cat /tmp/sent"));
        for (var end : List.of(one, two)) {
            assertThat(end.run("awk '/^Tcp:/ { last = $NF } END { print last }' /proc/net/snmp"))
                    .as("TCP segments with a wrong checksum (InCsumErrors)")
                    .isEqualTo("0");
        }
    }

    /// The last of the numbers that have arrived, if none is missing and none is there twice.
    private static String received(Guest guest) throws InterruptedException {
        return guest.run("awk '$1 != NR { print \"gap at \" NR } END { print NR }' /tmp/received");
    }
}
