package org.xenolith.board;

import org.xenolith.images.CreateOptions;
import org.xenolith.images.Image;
import org.xenolith.images.ImageCreator;
import org.xenolith.images.ImageException;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamRecord;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Disks that come with a machine: new images where its configuration says that its disks are. For
/// one thread.
final class ArrivingDisks {
    private final List<DiskConfig> configs;
    private final Map<Integer, Image> open = new HashMap<>();

    /// To be removed again if the machine does not come.
    private final List<Path> made = new ArrayList<>();

    ArrivingDisks(List<DiskConfig> configs) {
        this.configs = configs;
    }

    /// @throws StreamException if there is no such disk, or its file is there already
    void begin(StreamRecord.Disk disk) throws StreamException {
        var config = config(disk.number());
        var file = config.target().orElseThrow();
        try {
            if (open.containsKey(disk.number())) {
                throw new StreamException("disk " + config.device() + " comes twice");
            }
            ImageCreator.create(file, CreateOptions.of(config.format(), disk.bytes()));
            made.add(file);
            open.put(
                    disk.number(),
                    Images.open(file, new OpenOptions(Optional.of(config.format()), false, false)));
        } catch (ImageException | IllegalArgumentException e) {
            throw new StreamException(
                    "disk %s cannot be copied: %s".formatted(config.device(), e.getMessage()), e);
        }
    }

    private DiskConfig config(int number) throws StreamException {
        return configs.stream()
                .filter(disk -> disk.device().number() == number && disk.target().isPresent())
                .findFirst()
                .orElseThrow(
                        () -> new StreamException("the domain has no disk of number " + number));
    }

    /// @throws StreamException if no disk that has come has such a part
    void check(int number, long offset, long bytes) throws StreamException {
        var image = open.get(number);
        if (image == null || offset > image.size() - bytes) {
            throw new StreamException("what comes for a disk is of no disk that has come");
        }
    }

    /// Writes a part that has been checked.
    void write(int number, long offset, ByteBuffer content) throws StreamException {
        change(() -> open.get(number).write(offset, content));
    }

    /// The same with zeros.
    void zero(int number, long offset, long bytes) throws StreamException {
        change(() -> open.get(number).writeZeroes(offset, bytes));
    }

    /// What is done to an image.
    @FunctionalInterface
    private interface Change {
        void perform() throws ImageException;
    }

    private static void change(Change change) throws StreamException {
        try {
            change.perform();
        } catch (ImageException e) {
            throw new StreamException("a disk cannot be written: " + e.getMessage(), e);
        }
    }

    /// All of them are there, durable and closed.
    void finish() throws StreamException {
        change(() -> {
            for (var image : List.copyOf(open.values())) {
                image.flush();
                image.close();
            }
            open.clear();
        });
    }

    /// The machine does not come: they go. Not called if they are to stay.
    void close() {
        open.values().forEach(ArrivingDisks::closeQuietly);
        made.forEach(ArrivingDisks::deleteQuietly);
    }

    private static void closeQuietly(Image image) {
        try {
            image.close();
        } catch (ImageException _) {
            return; // it is removed
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException _) {
            return; // there is nobody to tell
        }
    }
}
