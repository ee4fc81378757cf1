package org.xenolith.boot.grub;

import org.xenolith.filesystem.DiskException;
import org.xenolith.filesystem.FileSystem;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// The file systems of a disk under GRUB's names for what they are on: `hd0` for a whole disk,
/// `hd0,msdos1` and `hd0,gpt1` for partitions. The map's order is that of a search.
public record Volumes(Map<String, FileSystem> systems) {
    private static final Pattern PLACE = Pattern.compile("\\(([^)]*)\\)(/.*)");
    private static final Pattern SCHEME = Pattern.compile(",(msdos|gpt)");

    /// The file system on a device, the scheme of its partitions named or not.
    public Optional<FileSystem> system(String device) {
        var exact = systems.get(device);
        if (exact != null) {
            return Optional.of(exact);
        }
        return systems.entrySet().stream()
                .filter(e -> SCHEME.matcher(e.getKey()).replaceFirst(",").equals(device))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /// Where a name in a configuration leads: `(hd0,gpt1)/path`, or `/path` on the device `root`.
    static BootChoice.Place place(String name, String root) throws GrubException {
        var named = PLACE.matcher(name);
        if (named.matches()) {
            return new BootChoice.Place(named.group(1), named.group(2));
        }
        if (!name.startsWith("/")) {
            throw new GrubException("\"" + name + "\" is not the path of a file");
        }
        return new BootChoice.Place(root, name);
    }

    Optional<FileSystem.Entry> find(BootChoice.Place place) {
        try {
            var system = system(place.device());
            return system.isEmpty() ? Optional.empty() : system.get().find(place.path());
        } catch (DiskException _) {
            return Optional.empty(); // a file that cannot be reached is not there for GRUB
        }
    }

    /// The content of a small file; empty if it is not there or cannot be read.
    Optional<byte[]> read(BootChoice.Place place, int bytesMax) {
        try {
            var system = system(place.device());
            return system.isEmpty()
                    ? Optional.empty()
                    : Optional.of(system.get().read(place.path(), bytesMax));
        } catch (DiskException _) {
            return Optional.empty();
        }
    }

    /// The first device whose file system is meant.
    Optional<String> search(How how, String value) {
        return systems.entrySet().stream()
                .filter(e -> how.matches(e.getKey(), e.getValue(), value, this))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /// By what a file system is searched for.
    enum How {
        UUID,
        LABEL,
        FILE;

        boolean matches(String device, FileSystem system, String value, Volumes volumes) {
            return switch (this) {
                case UUID -> system.uuid().equalsIgnoreCase(value);
                case LABEL -> system.label().equals(value);
                case FILE -> volumes.find(new BootChoice.Place(device, value)).isPresent();
            };
        }
    }

    public List<String> devices() {
        return List.copyOf(systems.keySet());
    }
}
