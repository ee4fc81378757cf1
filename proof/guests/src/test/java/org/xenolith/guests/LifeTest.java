package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Sizes;
import org.xenolith.board.DomainException;
import org.xenolith.board.Trigger;
import org.xenolith.board.VcpuInfo;
import org.xenolith.xen.ShutdownReason;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What an operator asks of a running guest, and what becomes of it inside. One boot of a guest
/// with 256 MiB of at most 384, and two of at most three vCPUs; the last test ends it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LifeTest {
    private static final int FIRST = 1;
    private static final int LAST = Integer.MAX_VALUE;
    private static final long MEMORY_MIB = 256;
    private static final long MEMORY_MIB_MAX = 384;

    private static final String ONLINE = "cat /sys/devices/system/cpu/online";

    /// What `HostMemory` calls it.
    private static final String MEMORY_FILE = "/memfd:xenolith-guest ";

    /// How long the guest may take for what it is asked.
    private static final int SECONDS_MAX = 60;

    private Guest guest;

    @BeforeAll
    void boot() throws Exception {
        var kernel =
                DebianKernel.valueOf(System.getProperty("xenolith.kernels", "CLOUD").split(",")[0]);
        var missing = kernel.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        guest =
                Guest.boot(
                        kernel.config(2)
                                .memoryMib(MEMORY_MIB)
                                .maxMemoryMib(MEMORY_MIB_MAX)
                                .maxVcpus(3)
                                .build());
        // What the kernel says would come between what the shell says.
        guest.run("dmesg -n 1");
    }

    @AfterAll
    void destroy() {
        if (guest != null) {
            guest.close();
        }
    }

    /// Waits until the guest says so.
    private void await(String condition) throws Exception {
        var loop =
                "n=0; until %s; do n=$((n+1)); [ $n -gt %d ] && break; sleep 0.2; done; %s && echo so";
        assertThat(guest.run(loop.formatted(condition, SECONDS_MAX * 5, condition)))
                .as(condition)
                .isEqualTo("so");
    }

    // ---------------------------------------------------------------- memory

    @Test
    @Order(FIRST)
    void aGuestWithLessThanItsMaximumGivesTheRestBackAsItBoots() throws Exception {
        awaitMemory(MEMORY_MIB);
        var memory = guest.domain().balloon().info();
        assertThat(memory.target()).isEqualTo(MEMORY_MIB * Sizes.MIB);
        assertThat(memory.max()).isEqualTo(MEMORY_MIB_MAX * Sizes.MIB);
        assertThat(memTotalMib()).isBetween(MEMORY_MIB - 56, MEMORY_MIB);
        assertThat(guestMemoryMib()).isLessThan(MEMORY_MIB / 2);
    }

    @Test
    @Order(FIRST + 1)
    void theHostGetsBackWhatTheGuestGivesBack() throws Exception {
        long total = memTotalMib();
        long idle = guestMemoryMib();
        guest.run("dd if=/dev/zero of=/fill bs=1M count=100; rm /fill");
        long full = guestMemoryMib();
        assertThat(full).isGreaterThan(idle + 80);

        setMemory(MEMORY_MIB / 2);
        assertThat(memTotalMib()).isBetween(total - 129, total - 127);
        assertThat(guestMemoryMib()).isLessThan(full - 70);

        setMemory(MEMORY_MIB + 64);
        assertThat(memTotalMib()).isBetween(total + 63, total + 65);
        assertThat(guestMemoryMib()).as("nobody has touched it").isLessThan(full - 70);
        assertThat(guest.run("dd if=/dev/zero of=/fill bs=1M count=110; sha256sum /fill; rm /fill"))
                .contains(sha256OfZeros(110 << 20));
    }

    private void setMemory(long mebibytes) throws Exception {
        guest.domain().balloon().setTarget(mebibytes * Sizes.MIB);
        awaitMemory(mebibytes);
    }

    /// A few pages less are there, which the guest has given for those that Xen lends it.
    private void awaitMemory(long mebibytes) throws Exception {
        for (int i = 0; i < SECONDS_MAX * 10 && !isJustBelow(mebibytes); i++) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        assertThat(currentMib()).isBetween(mebibytes - 1, mebibytes);
    }

    private boolean isJustBelow(long mebibytes) {
        long current = currentMib();
        return current == mebibytes || current == mebibytes - 1;
    }

    private long currentMib() {
        return guest.domain().balloon().info().current() / Sizes.MIB;
    }

    private long memTotalMib() throws Exception {
        return Long.parseLong(guest.run("awk '/MemTotal/ { print $2 }' /proc/meminfo"))
                * Sizes.KIB
                / Sizes.MIB;
    }

    /// What the host has in RAM of guests' memory of this process (proc_pid_smaps(5)): not of their
    /// machine code, which is in files of its own.
    private static long guestMemoryMib() throws Exception {
        long kibibytes = 0;
        boolean isMemory = false;
        for (var line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-.*")) {
                isMemory = line.contains(MEMORY_FILE);
            } else if (isMemory && line.startsWith("Rss:")) {
                kibibytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return kibibytes * Sizes.KIB / Sizes.MIB;
    }

    private static String sha256OfZeros(int bytes) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(new byte[bytes]));
    }

    @Test
    void whatIsBeyondTheMaximumIsRefused() {
        var balloon = guest.domain().balloon();
        assertThatThrownBy(() -> balloon.setTarget(400 * Sizes.MIB))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("above the domain's maximum of 393216 KiB");
        assertThatThrownBy(() -> balloon.setTarget(Sizes.MIB))
                .hasMessage("a domain needs at least 4 MiB of memory");
        assertThatThrownBy(() -> balloon.setMax(512 * Sizes.MIB))
                .hasMessageContaining("the domain was started with at most 393216 KiB");
        assertThatThrownBy(() -> balloon.setMax(16 * Sizes.MIB))
                .hasMessageContaining("below the domain's target");
    }

    // ---------------------------------------------------------------- vCPUs

    /// What Linux plugs in it leaves for its users to bring online, see xl(1).
    @Test
    void vcpusComeAndGo() throws Exception {
        var processors = guest.domain().processors();
        assertThat(guest.run(ONLINE)).isEqualTo("0-1");
        processors.setOnline(1);
        await("[ $(%s) = 0 ]".formatted(ONLINE));
        awaitOnline(1);
        long ran = processors.list().get(1).runNanos();

        processors.setOnline(3);
        for (int vcpu = 1; vcpu < 3; vcpu++) {
            await("[ -e /sys/devices/system/cpu/cpu%d/online ]".formatted(vcpu));
            assertThat(processors.list().get(1).runNanos()).isEqualTo(ran);
        }
        guest.run("for c in 1 2; do echo 1 > /sys/devices/system/cpu/cpu$c/online; done");
        assertThat(guest.run(ONLINE)).isEqualTo("0-2");
        awaitOnline(3);
        assertThat(guest.run("taskset -c 2 echo on the third")).isEqualTo("on the third");

        processors.setOnline(2);
        await("[ $(%s) = 0-1 ]".formatted(ONLINE));
        awaitOnline(2);
        assertThat(guest.domain().config().vcpus()).isEqualTo(2);
        assertThatThrownBy(() -> processors.setOnline(4))
                .isInstanceOf(DomainException.class)
                .hasMessage("requested 4 vCPUs, however maxvcpus is 3");
    }

    private void awaitOnline(int count) throws Exception {
        for (int i = 0; i < SECONDS_MAX * 10 && online() != count; i++) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        assertThat(online()).isEqualTo(count);
    }

    private long online() {
        return guest.domain().vcpus().stream().filter(VcpuInfo::online).count();
    }

    // ---------------------------------------------------------------- keys

    /// The reason is what the port that has it reads as: there is none.
    @Test
    void keysAndInterruptsReachTheKernel() throws Exception {
        var panel = guest.domain().panel();
        panel.pressSysrq('h');
        await("dmesg | grep -q 'sysrq: HELP'");
        panel.trigger(Trigger.NMI, 0);
        await("dmesg | grep -q 'NMI: .* for reason ff on CPU 0'");
        for (var trigger : List.of(Trigger.POWER, Trigger.SLEEP, Trigger.RESET, Trigger.INIT)) {
            assertThatThrownBy(() -> panel.trigger(trigger, 0))
                    .isInstanceOf(DomainException.class)
                    .hasMessageContaining(trigger.word());
        }
        assertThatThrownBy(() -> panel.trigger(Trigger.NMI, 3))
                .hasMessage("there is no vCPU 3; the domain has 3");
        assertThatThrownBy(() -> panel.pressSysrq('\n')).isInstanceOf(DomainException.class);
    }

    // ---------------------------------------------------------------- time

    /// Where six seconds are a lockup a pause of ten is what one of a minute is otherwise.
    @Test
    void afterALongPauseTheClockIsRightAndNoWatchdogBarks() throws Exception {
        guest.run("echo 3 > /proc/sys/kernel/watchdog_thresh; dmesg -c");
        long ahead = guest.secondsAhead();
        double uptime = uptime();
        guest.domain().pause();
        TimeUnit.SECONDS.sleep(10);
        guest.domain().unpause();
        assertThat(guest.secondsAhead()).isBetween(ahead - 1, ahead + 1);
        assertThat(uptime() - uptime).isGreaterThan(10);
        TimeUnit.SECONDS.sleep(5);
        assertThat(guest.run("dmesg | grep -iE 'lockup|stall|BUG|hung|clocksource'")).isEmpty();
        guest.run("echo 10 > /proc/sys/kernel/watchdog_thresh");
    }

    private double uptime() throws Exception {
        return Double.parseDouble(guest.run("cut -d' ' -f1 /proc/uptime"));
    }

    // ---------------------------------------------------------------- the end

    @Test
    @Order(LAST - 1)
    void whatIsSetStaysOverAReboot() throws Exception {
        guest.domain().balloon().setTarget(224 * Sizes.MIB);
        guest.domain().processors().setOnline(1);
        awaitOnline(1);
        guest.domain().reboot();
        guest.awaitPrompt(); // of the last command
        guest.awaitPrompt();
        assertThat(guest.run(ONLINE)).isEqualTo("0");
        awaitMemory(224);
    }

    @Test
    @Order(LAST)
    void aKeyCrashesTheGuest() throws Exception {
        guest.run("echo 1 > /proc/sys/kernel/sysrq");
        guest.domain().panel().pressSysrq('c');
        assertThat(guest.awaitEnd()).isEqualTo(ShutdownReason.CRASH);
    }
}
