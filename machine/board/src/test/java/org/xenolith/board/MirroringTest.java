package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.images.ImageFormat;
import org.xenolith.pv.block.VirtualDevice;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Machines of which somebody keeps a copy, with a guest that says on its serial port what it hears
/// there, reboots at a `!`, and has nothing to do any more after a `.`.
@Timeout(60)
class MirroringTest {
    private static final Duration AT_MOST = Duration.ofSeconds(20);
    private static final long A_WHILE_MILLIS = 200;

    @TempDir private Path root;
    private Domain domain;
    private Console.Reader reader;
    private Mirroring mirroring;

    private void start() throws Exception {
        var disk = Files.write(root.resolve("disk"), new byte[1 << 20]);
        var echo = new TinyKernel().print("ready\n");
        int top = echo.here();
        echo.bytes(0x66, 0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x01); // mov dx, 0x3FD; in al, dx; test al
        echo.jumpIf(0x84, top);
        echo.bytes(0x66, 0xBA, 0xF8, 0x03, 0xEC, 0xEE); // mov dx, 0x3F8; in al, dx; out dx, al
        int otherwise = echo.here() + 2 + 6 + 7;
        echo.bytes(0x3C, '.').jumpIf(0x85, otherwise);
        int halted = echo.here();
        echo.bytes(0xFB, 0xF4).jump(halted); // sti; hlt
        echo.bytes(0x3C, '!').jumpIf(0x85, top).shutDown(1);
        domain =
                Xenolith.create(
                        DomainConfig.builder("mirrored")
                                .kernel(echo.write(root.resolve("kernel")))
                                .memoryMib(8)
                                .disks(List.of(DiskConfig.raw("xvda", disk)))
                                .build());
        reader = domain.serial().reader();
        reader.awaitText("ready\n", AT_MOST);
        mirroring = domain.machine().mirror();
    }

    @AfterEach
    void end() {
        if (domain != null) {
            domain.close();
        }
    }

    private void echoes(String text) throws Exception {
        domain.serial().send(text);
        reader.awaitText(text, AT_MOST);
    }

    private void moment(long epoch) throws Exception {
        mirroring.moment(epoch, _ -> {}).close();
    }

    private static void refused(Action action, String reason) {
        assertThatThrownBy(action::perform)
                .isInstanceOf(DomainException.class)
                .hasMessageContaining(reason);
    }

    private interface Action {
        void perform() throws Exception;
    }

    @Test
    void whatAMachineSaysIsHeldUntilItsEpochIsReleased() throws Exception {
        start();
        moment(0);
        domain.serial().send("held");
        assertThatThrownBy(() -> reader.awaitText("held", Duration.ofMillis(A_WHILE_MILLIS)))
                .isInstanceOf(ConsoleTimeoutException.class);
        // The guest may not have said all of it in the first epoch.
        for (long epoch = 1; !isSeen("held"); epoch++) {
            moment(epoch);
            mirroring.release(epoch);
        }
    }

    private boolean isSeen(String text) throws InterruptedException {
        try {
            reader.awaitText(text, Duration.ofMillis(A_WHILE_MILLIS));
            return true;
        } catch (ConsoleTimeoutException _) {
            return false;
        }
    }

    @Test
    void anEpochIsSettledWhenSomethingWaitsAndNoVcpuHasAnythingToDo() throws Exception {
        start();
        var settled = new LinkedBlockingQueue<Long>();
        mirroring.onSettled(settled::add);
        moment(0);
        domain.serial().send("busy");
        assertThat(settled.poll(A_WHILE_MILLIS, TimeUnit.MILLISECONDS)).as("it runs on").isNull();
        moment(1);
        domain.serial().send(".");
        assertThat(settled.poll(AT_MOST.toSeconds(), TimeUnit.SECONDS)).isEqualTo(2);
        moment(2);
        moment(3);
        assertThat(settled.poll(A_WHILE_MILLIS, TimeUnit.MILLISECONDS)).as("once").isNull();
    }

    @Test
    void whenItIsOverNoMomentHoldsAnythingAnyMore() throws Exception {
        start();
        mirroring.recordDisks();
        moment(0);
        mirroring.goUnprotected();
        refused(() -> mirroring.moment(1, _ -> {}), "no longer mirrored");
        refused(() -> mirroring.moment(2, _ -> {}), "no longer mirrored");
        refused(() -> mirroring.moment(3, _ -> {}), "no longer mirrored"); // none is open
        refused(mirroring::recordDisks, "no longer mirrored");
        refused(mirroring::copyDisks, "no longer mirrored");
        echoes("all of this leaves");
        mirroring = domain.machine().mirror();
        moment(0);
    }

    @Test
    void whatWasFencedStaysSo() throws Exception {
        start();
        moment(0);
        mirroring.fence();
        mirroring.goUnprotected();
        refused(() -> mirroring.moment(1, _ -> {}), "no longer mirrored");
        domain.serial().send("x");
        assertThatThrownBy(() -> reader.awaitText("x", Duration.ofMillis(A_WHILE_MILLIS)))
                .isInstanceOf(ConsoleTimeoutException.class);
    }

    @Test
    void aCopyThatCannotBeMadeIsToldAndTheMachineGoesOn() throws Exception {
        start();
        refused(
                () ->
                        mirroring.moment(
                                0,
                                _ -> {
                                    throw new OutOfMemoryError("none left");
                                }),
                "memory cannot be copied");
        refused(
                () ->
                        mirroring.moment(
                                1,
                                _ -> {
                                    throw new DomainException("too many pages");
                                }),
                "too many pages");
        moment(2); // the others are not open
        mirroring.goUnprotected();
        echoes("all is well");
    }

    @Test
    void theEndOfAGuestThatHasACopyIsToldWhenItIsDecidedWhichOfThemCounts() throws Exception {
        start();
        var first = domain.machine();
        moment(0);
        domain.serial().send("!");
        refusedSoon("the guest has shut down");
        assertThatThrownBy(() -> first.ended().get(A_WHILE_MILLIS, TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
        assertThat(domain.machine()).isSameAs(first);
        mirroring.goUnprotected();
        reader.awaitText("!", AT_MOST);
        reader.awaitText("ready\n", AT_MOST); // the next boot
    }

    private void refusedSoon(String reason) throws Exception {
        for (long epoch = 1; ; epoch++) {
            try {
                moment(epoch);
            } catch (DomainException e) {
                assertThat(e).hasMessage(reason);
                return;
            }
        }
    }

    @Test
    void theEndOfAGuestWithoutACopyIsToldAtOnce() throws Exception {
        start();
        domain.serial().send("!");
        reader.awaitText("!", AT_MOST);
        reader.awaitText("ready\n", Duration.ofSeconds(5));
    }

    @Test
    void aMachineThatBreaksHasNoSuccessorBeforeItIsDecidedEither() throws Exception {
        start();
        var first = domain.machine();
        moment(0);
        refused(
                () ->
                        mirroring.moment(
                                1,
                                _ -> {
                                    throw new AssertionError("we are wrong");
                                }),
                "the machine is gone");
        assertThatThrownBy(() -> first.ended().get(A_WHILE_MILLIS, TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
        mirroring.goUnprotected();
        assertThatThrownBy(() -> first.ended().get(AT_MOST.toSeconds(), TimeUnit.SECONDS))
                .hasRootCauseMessage("we are wrong");
    }

    @Test
    void aMirroredMachineIsNotSavedAndItsDisksNotCopied() throws Exception {
        start();
        moment(0);
        refused(() -> SaveTest.save(domain, AfterSave.GO_ON), "is being mirrored");
        refused(() -> domain.machine().copyDisks(), "is being mirrored");
        refused(() -> domain.machine().mirror(), "is being mirrored");
        moment(1);
        mirroring.goUnprotected();
        echoes("it goes on");
        assertThat(SaveTest.save(domain, AfterSave.GO_ON)).isNotEmpty();
        echoes("and on");
    }

    @Test
    void aMachineThatIsHeldIsNeitherHeldAgainNorMirrored() throws Exception {
        start();
        mirroring.goUnprotected();
        domain.pause();
        var machine = domain.machine();
        machine.hold();
        refused(machine::hold, "stand still already");
        refused(machine::mirror, "stand still");
        domain.unpause();
        echoes("it goes on");
    }

    @Test
    void aDiskThatGoesAndComesAgainIsAnother() throws Exception {
        start();
        mirroring.recordDisks();
        moment(0);
        var disk = domain.disks().getFirst().config();
        domain.detachDisk(VirtualDevice.parse("xvda").orElseThrow(), false);
        domain.attachDisk(disk);
        refused(() -> mirroring.moment(1, _ -> {}), "devices are no longer the same");
        mirroring.goUnprotected();
        echoes("it goes on");
    }

    @Test
    void aMirroredDiskStaysAsLongAsItIs() throws Exception {
        start();
        mirroring.copyDisks().forEach(CopiedDisk::close);
        var device = VirtualDevice.parse("xvda").orElseThrow();
        refused(() -> domain.growDisk(device, 2 << 20), "is being mirrored");
        mirroring.goUnprotected();
        domain.growDisk(device, 2 << 20);
    }

    @Test
    void aDiskOfFixedSizeDoesNotFollowItsFile() throws Exception {
        var file = Files.write(root.resolve("raw"), new byte[512]);
        try (var disk = ImageDisk.open(file, ImageFormat.RAW, true, 512)) {
            disk.fixSize(true);
            Files.write(file, new byte[512], StandardOpenOption.APPEND);
            disk.refresh();
            assertThat(disk.size()).isEqualTo(512);
            disk.fixSize(false);
            disk.refresh();
            assertThat(disk.size()).isEqualTo(1024);
        }
    }
}
