package org.xenolith.images;

import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Where a differencing VHD file says that its parent is: up to eight locators for several
/// platforms, and a name in the header.
final class VhdParent {
    private static final int LOCATOR_BYTES_MAX = 4096;
    private static final String FILE_URL = "file://";

    private VhdParent() {}

    /// The names of the parent in the order in which they are to be tried.
    static List<Path> candidates(Storage storage, VhdHeader header, Path file)
            throws ImageException {
        var names = new ArrayList<String>();
        for (int platform :
                new int[] {
                    VhdHeader.Locator.W2RU, VhdHeader.Locator.MACX, VhdHeader.Locator.W2KU
                }) {
            for (var locator : header.locators()) {
                if (locator.platform() == platform) {
                    names.add(read(storage, locator));
                }
            }
        }
        names.add(header.parentName());
        var paths = new ArrayList<Path>();
        for (var name : names) {
            addPath(paths, file, name);
        }
        return paths;
    }

    private static void addPath(List<Path> paths, Path file, String name) {
        if (name.isBlank() || name.indexOf('\0') >= 0) {
            return;
        }
        try {
            paths.add(file.resolveSibling(name));
        } catch (InvalidPathException e) {
            // Another name may be usable.
        }
    }

    private static String read(Storage storage, VhdHeader.Locator locator) throws ImageException {
        if (locator.length() <= 0
                || locator.length() > LOCATOR_BYTES_MAX
                || locator.offset() < 0
                || locator.offset() > storage.size() - locator.length()) {
            throw new ImageException.Damaged(
                    "%s: a parent locator of %d bytes at %#x"
                            .formatted(storage.name(), locator.length(), locator.offset()));
        }
        var bytes = ByteBuffer.allocate(locator.length());
        storage.read(locator.offset(), bytes);
        if (locator.platform() != VhdHeader.Locator.MACX) {
            return new String(bytes.array(), StandardCharsets.UTF_16LE).replace('\\', '/');
        }
        var url = new String(bytes.array(), StandardCharsets.UTF_8);
        var path = url.startsWith(FILE_URL) ? url.substring(FILE_URL.length()) : url;
        try {
            return URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return path;
        }
    }

    /// Locators for a parent of that name, and what is to be written for them.
    record Written(List<VhdHeader.Locator> locators, ByteBuffer content) {}

    /// `offset`: where the content will be; it is a whole number of sectors.
    static Written write(String name, long offset) {
        var relative = name.startsWith("/") ? name : "./" + name;
        var wide = relative.replace('/', '\\').getBytes(StandardCharsets.UTF_16LE);
        var url = (FILE_URL + relative).getBytes(StandardCharsets.UTF_8);
        int wideSpace = (int) Bytes.roundUp(wide.length, 512);
        int urlSpace = (int) Bytes.roundUp(url.length, 512);
        int platform = name.startsWith("/") ? VhdHeader.Locator.W2KU : VhdHeader.Locator.W2RU;
        var content = ByteBuffer.allocate(wideSpace + urlSpace);
        content.put(0, wide).put(wideSpace, url);
        return new Written(
                List.of(
                        new VhdHeader.Locator(platform, wideSpace, wide.length, offset),
                        new VhdHeader.Locator(
                                VhdHeader.Locator.MACX, urlSpace, url.length, offset + wideSpace)),
                content);
    }

    /// The first candidate that is there, or else the first one.
    static Path said(Storage storage, VhdHeader header, Path file) throws ImageException {
        var paths = candidates(storage, header, file);
        return paths.stream()
                .filter(Files::exists)
                .findFirst()
                .or(() -> paths.stream().findFirst())
                .orElse(Path.of(header.parentName().replace("\0", "")));
    }

    /// The first candidate that is there.
    static Path find(Storage storage, VhdHeader header, Path file) throws ImageException {
        var paths = candidates(storage, header, file);
        return paths.stream()
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() ->
                        new ImageException.HostFailed(
                                "%s: there is no file at any place of its parent: %s"
                                        .formatted(storage.name(), paths),
                                null));
    }
}
