package org.xenolith.xl;

import org.xenolith.images.ChangeLog;
import org.xenolith.images.CheckReport;
import org.xenolith.images.CreateOptions;
import org.xenolith.images.Image;
import org.xenolith.images.ImageCopy;
import org.xenolith.images.ImageCreator;
import org.xenolith.images.ImageException;
import org.xenolith.images.ImageFormat;
import org.xenolith.images.ImageInfo;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `xl image ...`.
final class ImageCommands {
    /// Exit codes of a check, as `qemu-img` has them.
    private static final int CORRUPT = 2;

    private static final int LEAKY = 3;

    private ImageCommands() {}

    private static Path file(Arguments arguments, int index) throws UsageException {
        try {
            return Path.of(arguments.operands().get(index));
        } catch (InvalidPathException e) {
            throw new UsageException("not a file name: " + e.getInput());
        }
    }

    private static Optional<ImageFormat> format(Arguments arguments, String key)
            throws UsageException {
        var name = arguments.value(key);
        if (name.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                ImageFormat.named(name.get())
                        .orElseThrow(
                                () -> new UsageException("unknown format \"" + name.get() + "\"")));
    }

    private static Image open(Arguments arguments, OpenOptions options)
            throws UsageException, ImageException {
        var format = format(arguments, "format");
        return Images.open(
                file(arguments, 0),
                new OpenOptions(format, options.readOnly(), arguments.has("force-share")));
    }

    static int create(Session session, Arguments arguments) throws UsageException, ImageException {
        var file = file(arguments, 0);
        var format = format(arguments, "format").orElse(ImageFormat.QCOW2);
        var options = CreateOptions.of(format, 0);
        var backing = arguments.value("backing");
        long size = 0;
        if (backing.isPresent()) {
            var under = file.resolveSibling(backing.get());
            var underFormat = format(arguments, "backing-format");
            if (underFormat.isEmpty()) {
                throw new UsageException("a backing file needs its format, -F");
            }
            options = options.on(new CreateOptions.Backing(backing.get(), underFormat.get()));
            try (var image = Images.open(under, OpenOptions.reading().as(underFormat.get()))) {
                size = image.size();
            }
        } else if (arguments.operands().size() < 2) {
            throw new UsageException("an image without backing file needs a size");
        }
        if (arguments.operands().size() == 2) {
            size = ByteSize.parse(arguments.operands().get(1));
        }
        options = ImageDetails.apply(arguments.value("options").orElse(""), options);
        ImageCreator.create(file, options.size(size).replacing(arguments.has("force")));
        return 0;
    }

    static int info(Session session, Arguments arguments) throws UsageException, ImageException {
        var infos = new ArrayList<ImageInfo>();
        boolean shared = arguments.has("force-share");
        var info = Images.info(file(arguments, 0), format(arguments, "format"), shared);
        infos.add(info);
        while (arguments.has("backing-chain") && info.backing().isPresent()) {
            var backing = info.backing().get();
            var format = backing.format().flatMap(ImageFormat::named);
            if (format.isEmpty() || infos.size() == ImageInfo.CHAIN_MAX) {
                throw new ImageException.Refused(
                        "%s: its backing chain cannot be followed beyond %s"
                                .formatted(file(arguments, 0), info.file()));
            }
            info = Images.info(backing.path(), format, shared);
            infos.add(info);
        }
        if (arguments.has("json")) {
            session.out().println(ImageReports.json(infos, arguments.has("backing-chain")));
        } else {
            for (int i = 0; i < infos.size(); i++) {
                if (i > 0) {
                    session.out().println();
                }
                ImageReports.print(session.out(), infos.get(i));
            }
        }
        return 0;
    }

    static int check(Session session, Arguments arguments) throws UsageException, ImageException {
        var repair =
                switch (arguments.value("repair").orElse("")) {
                    case "" -> CheckReport.Repair.NOTHING;
                    case "leaks" -> CheckReport.Repair.LEAKS;
                    case "all" -> CheckReport.Repair.ALL;
                    default -> throw new UsageException("repair is \"leaks\" or \"all\"");
                };
        var file = file(arguments, 0);
        var report = Images.check(file, format(arguments, "format"), repair);
        if (arguments.has("json")) {
            session.out().println(ImageReports.json(file, report));
        } else {
            ImageReports.print(session.out(), report);
        }
        if (report.corruptions() > 0) {
            return CORRUPT;
        }
        return report.leaks() > 0 ? LEAKY : 0;
    }

    static int snapshot(Session session, Arguments arguments)
            throws UsageException, ImageException {
        var create = arguments.value("create");
        var apply = arguments.value("apply");
        var delete = arguments.value("delete");
        long acts = List.of(create, apply, delete).stream().filter(Optional::isPresent).count();
        if (acts > 1 || acts == 1 && arguments.has("list")) {
            throw new UsageException("one thing at a time");
        }
        if (acts == 0) {
            var info = Images.info(file(arguments, 0), format(arguments, "format"), false);
            ImageReports.printSnapshots(session.out(), info.snapshots());
            return 0;
        }
        try (var image = open(arguments, OpenOptions.writing())) {
            if (create.isPresent()) {
                image.snapshots().create(create.get(), session.clock().wallNanos());
            } else if (apply.isPresent()) {
                image.snapshots().apply(apply.get());
            } else {
                image.snapshots().delete(delete.orElseThrow());
            }
        }
        return 0;
    }

    static int cloneImage(Session session, Arguments arguments)
            throws UsageException, ImageException {
        Images.clone(file(arguments, 0), format(arguments, "format"), file(arguments, 1));
        return 0;
    }

    static int commit(Session session, Arguments arguments) throws UsageException, ImageException {
        ImageCopy.commit(
                file(arguments, 0),
                format(arguments, "format"),
                arguments.has("keep"),
                progress(session, arguments));
        endProgress(session, arguments);
        return 0;
    }

    static int resize(Session session, Arguments arguments) throws UsageException, ImageException {
        var text = arguments.operands().get(1);
        boolean more = text.startsWith("+");
        boolean less = text.startsWith("-");
        long bytes = ByteSize.parse(more || less ? text.substring(1) : text);
        try (var image = open(arguments, OpenOptions.writing())) {
            long old = image.size();
            long size = more ? Math.addExact(old, bytes) : less ? old - bytes : bytes;
            if (size < old && !arguments.has("shrink")) {
                throw new ImageException.Refused(
                        "%s: what is beyond %d bytes would be lost; say --shrink if that is meant"
                                .formatted(arguments.operands().getFirst(), size));
            }
            image.resize(size);
        } catch (ArithmeticException e) {
            throw new UsageException("\"" + text + "\" is too large");
        }
        return 0;
    }

    static int convert(Session session, Arguments arguments) throws UsageException, ImageException {
        try (var source = open(arguments, OpenOptions.reading())) {
            var format = format(arguments, "output").orElse(ImageFormat.RAW);
            var options =
                    ImageDetails.apply(
                            arguments.value("options").orElse(""),
                            CreateOptions.of(format, sizeAs(format, source.size())));
            ImageCopy.convert(
                    source,
                    file(arguments, 1),
                    options.replacing(arguments.has("force")),
                    arguments.has("compress"),
                    progress(session, arguments));
        }
        endProgress(session, arguments);
        return 0;
    }

    /// Only a raw image can end within a sector.
    private static long sizeAs(ImageFormat format, long bytes) {
        return format == ImageFormat.RAW
                ? bytes
                : Math.ceilDiv(bytes, (long) Image.SECTOR_BYTES) * Image.SECTOR_BYTES;
    }

    /// At most a hundred times a percent is printed, over the one before.
    private static ImageCopy.Progress progress(Session session, Arguments arguments) {
        if (!arguments.has("progress")) {
            return (_, _) -> {};
        }
        var last = new long[] {-1};
        return (bytes, ofBytes) -> {
            long percent = ofBytes == 0 ? 100 : (long) (100.0 * bytes / ofBytes);
            if (percent != last[0]) {
                last[0] = percent;
                session.err().printf(Locale.ROOT, "    (%d/100%%)\r", percent);
            }
        };
    }

    private static void endProgress(Session session, Arguments arguments) {
        if (arguments.has("progress")) {
            session.err().println();
        }
    }

    static int map(Session session, Arguments arguments) throws UsageException, ImageException {
        try (var image = open(arguments, OpenOptions.reading())) {
            if (arguments.has("json")) {
                ImageReports.printMapAsJson(session.out(), image);
            } else {
                ImageReports.printMap(session.out(), image);
            }
        }
        return 0;
    }

    static int changed(Session session, Arguments arguments) throws UsageException, ImageException {
        var start = arguments.value("start");
        var since = arguments.value("since");
        var remove = arguments.value("remove");
        if (List.of(start, since, remove).stream().filter(Optional::isPresent).count() > 1) {
            throw new UsageException("one thing at a time");
        }
        if (start.isPresent() || remove.isPresent()) {
            try (var image = open(arguments, OpenOptions.writing())) {
                if (start.isPresent()) {
                    image.changes().start(start.get());
                } else {
                    image.changes().remove(remove.get());
                }
            }
            return 0;
        }
        try (var image = open(arguments, OpenOptions.reading())) {
            printChanges(session, arguments, image.changes(), since);
        }
        return 0;
    }

    private static void printChanges(
            Session session, Arguments arguments, ChangeLog log, Optional<String> since)
            throws ImageException {
        if (since.isEmpty()) {
            ImageReports.printPoints(session.out(), log.points(), arguments.has("json"));
        } else {
            ImageReports.printRanges(session.out(), log.since(since.get()), arguments.has("json"));
        }
    }
}
