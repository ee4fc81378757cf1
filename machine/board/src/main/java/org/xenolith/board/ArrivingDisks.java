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

    void take(StreamRecord.DiskData data) throws StreamException {
        var image = open.get(data.number());
        int bytes = data.content().length();
        if (image == null || data.offset() > image.size() - bytes) {
            throw new StreamException("DISK_DATA is of no disk that has come");
        }
        try {
            image.write(data.offset(), data.content().buffer());
        } catch (ImageException e) {
            throw new StreamException("a disk cannot be written: " + e.getMessage(), e);
        }
    }

    /// All of them are there, durable and closed.
    void finish() throws StreamException {
        try {
            for (var image : List.copyOf(open.values())) {
                image.flush();
                image.close();
            }
            open.clear();
        } catch (ImageException e) {
            throw new StreamException("a disk cannot be written: " + e.getMessage(), e);
        }
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
