package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.testkit.Fuzz;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Power is lost after any change of the file. What was flushed before is there, and the file is
/// sound but for lost space.
@Timeout(value = 1, unit = TimeUnit.DAYS) // ./dev fuzz says how long.
class CrashTest {
    private static final int DISK_BYTES = 300 << 10;
    private static final int STEPS = 40;

    /// One in so many crashes is shown to QEMU, which takes thirty times as long as we do.
    private static final int JUDGED_ONE_IN = 60;

    @TempDir private Path directory;

    static Stream<Shape> shapes() {
        return Shape.all().stream()
                .filter(shape -> shape.format() != ImageFormat.RAW)
                .filter(shape -> !shape.name().contains("clusters of 2097152"))
                .filter(shape -> !shape.name().startsWith("fixed"));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void whatWasFlushedSurvivesAndTheRestIsSound(Shape shape) throws Exception {
        play(shape, new SplittableRandom(1), History::simpleStepWasFlush);
    }

    @Test
    @Tag("fuzz")
    void anyImageSurvives() throws Exception {
        var fuzz = new Fuzz(2, 2);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            boolean snapshots = random.nextBoolean();
            var choice = (snapshots ? shapesWithSnapshots() : shapes()).toList();
            var shape = choice.get(random.nextInt(choice.size()));
            try {
                play(
                        shape,
                        random,
                        snapshots ? History::snapshotStepWasFlush : History::simpleStepWasFlush);
            } catch (AssertionError | Exception e) {
                throw new AssertionError(shape + ", " + fuzz, e);
            }
        }
    }

    /// What the disk held after each step, and how far the file was then.
    private record Moment(byte[] model, int changes, boolean flushed) {}

    static Stream<Shape> shapesWithSnapshots() {
        return Shape.qcow2().stream()
                .filter(shape -> shape.name().contains("v3"))
                .filter(shape -> shape.name().matches(".*clusters of (512|4096|65536),.*"))
                .filter(shape ->
                        shape.name().matches(".*counts of (8|16|64) .*|.*counts of 16,.*"));
    }

    /// Making, applying or deleting a snapshot can be cut off anywhere, too.
    @ParameterizedTest
    @MethodSource("shapesWithSnapshots")
    void aHalfMadeSnapshotIsRepaired(Shape shape) throws Exception {
        play(shape, new SplittableRandom(1), History::snapshotStepWasFlush);
    }

    @FunctionalInterface
    private interface Step {
        boolean wasFlush(History history, Image image) throws ImageException;
    }

    private void play(Shape shape, SplittableRandom random, Step act) throws Exception {
        Shape.delete(directory);
        var history = new History(shape.create(directory, DISK_BYTES, random), random);
        var storage = new RecordingStorage(Files.readAllBytes(Shape.image(directory)));
        var moments = new ArrayList<Moment>();
        moments.add(new Moment(history.model().clone(), 0, true));
        var image = open(shape, storage);
        for (int step = 0; step < STEPS; step++) {
            boolean flushed = act.wasFlush(history, image);
            moments.add(new Moment(history.model().clone(), storage.count(), flushed));
        }
        image.close();
        moments.add(new Moment(history.model().clone(), storage.count(), true));
        int step = Math.max(1, storage.count() / 60);
        for (int crash = 0; crash <= storage.count(); crash += step) {
            boolean kill = random.nextInt(4) == 0;
            var file = storage.after(crash, kill, random);
            judge(shape, file, moments, crash, random);
        }
    }

    private Image open(Shape shape, Storage storage) throws ImageException {
        var below = Optional.<Image>empty();
        if (shape.below() != Shape.Below.NOTHING) {
            var format = ImageFormat.valueOf(shape.below().name());
            below =
                    Optional.of(
                            Images.open(
                                    directory.resolve("below.img"),
                                    OpenOptions.reading().as(format)));
        }
        if (shape.format() == ImageFormat.QCOW2) {
            var header = Qcow2Header.read(storage);
            return new Qcow2Image(new Qcow2Store(storage, header, false), below, false);
        }
        var footer = VhdFooter.read(storage);
        var changes = new SideChangeLog(Shape.image(directory), footer.diskBytes());
        var header = VhdHeader.read(storage, footer);
        return new VhdImage(new VhdTables(storage, footer, header), below, changes, false);
    }

    private void judge(
            Shape shape, byte[] file, List<Moment> moments, int crash, SplittableRandom random)
            throws Exception {
        var storage = new RecordingStorage(file);
        boolean dirty = repairIfDirty(shape, storage);
        assertSound(shape, storage, crash);
        if (!dirty
                && shape.format() == ImageFormat.QCOW2
                && random.nextInt(JUDGED_ONE_IN) == 0
                && QemuImg.isPresent()) {
            var path = directory.resolve("crashed.img");
            Files.write(path, file);
            QemuImg.assertNotCorrupt(path);
        }
        var content = new byte[DISK_BYTES];
        try (var image = open(shape, storage)) {
            image.read(0, ByteBuffer.wrap(content));
            compare(content, moments, crash);
            // Life goes on.
            image.write(1000, ByteBuffer.wrap(new byte[100_000]));
        }
        assertSound(shape, storage, crash);
    }

    private static boolean repairIfDirty(Shape shape, Storage storage) throws ImageException {
        if (shape.format() != ImageFormat.QCOW2) {
            return false;
        }
        var header = Qcow2Header.read(storage);
        if (header.isDirty()) {
            ImageOpener.recover(storage, header);
        }
        return header.isDirty();
    }

    private static void assertSound(Shape shape, Storage storage, int crash) throws ImageException {
        if (shape.format() == ImageFormat.QCOW2) {
            var report = Images.checkQcow2(storage, CheckReport.Repair.NOTHING);
            assertThat(report.corruptions())
                    .as("crash after %d changes: %s", crash, report.problems())
                    .isZero();
        } else {
            var report = VhdCheck.run(storage, CheckReport.Repair.ALL);
            assertThat(report.corruptions())
                    .as("crash after %d changes: %s", crash, report.problems())
                    .isZero();
        }
    }

    /// Each byte is what it was at the last flush, or at any step since.
    private static void compare(byte[] content, List<Moment> moments, int crash) {
        int last = 0;
        int next = moments.size() - 1;
        for (int i = 0; i < moments.size(); i++) {
            if (moments.get(i).flushed && moments.get(i).changes <= crash) {
                last = i;
            }
            if (moments.get(i).changes >= crash) {
                next = Math.min(next, i);
            }
        }
        for (int at = 0; at < content.length; at++) {
            boolean known = false;
            for (int i = last; i <= next && !known; i++) {
                known = moments.get(i).model[at] == content[at];
            }
            if (!known) {
                throw new AssertionError(
                        "byte %d is %d after %d changes; it was %d at the last flush, step %d"
                                .formatted(
                                        at, content[at], crash, moments.get(last).model[at], last));
            }
        }
    }
}
