package org.xenolith.bench;

import org.xenolith.base.Bug;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The sources of what is measured, which are resources of this module.
public final class Resources {
    private Resources() {}

    public static byte[] read(String name) throws IOException {
        try (var in = Resources.class.getResourceAsStream(name)) {
            Bug.check(in != null, "the resource " + name + " is in the module");
            return in.readAllBytes();
        }
    }

    /// Writes a resource to the same place below `directory`.
    public static void copy(String name, Path directory) throws IOException {
        var file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, read(name));
    }
}
