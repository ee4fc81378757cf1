package org.xenolith.boot.grub;

import org.xenolith.filesystem.DiskException;
import org.xenolith.filesystem.FileSystem;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Files in memory.
record FakeFileSystem(String uuid, String label, Map<String, String> files) implements FileSystem {
    @Override
    public Optional<Entry> find(String path) {
        var text = files.get(path);
        if (text != null) {
            return Optional.of(new Entry(Kind.FILE, text.length()));
        }
        return files.keySet().stream().anyMatch(name -> name.startsWith(path + "/"))
                ? Optional.of(new Entry(Kind.DIRECTORY, 0))
                : Optional.empty();
    }

    @Override
    public byte[] read(String path, int bytesMax) throws DiskException {
        var text = files.get(path);
        if (text == null || text.length() > bytesMax) {
            throw new DiskException.Refused("cannot read " + path);
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public long copy(String path, OutputStream output, long bytesMax) throws DiskException {
        var content = read(path, (int) bytesMax);
        try {
            output.write(content);
            return content.length;
        } catch (IOException e) {
            throw new DiskException.HostFailed("cannot write", e);
        }
    }

    @Override
    public List<String> list(String path) {
        return List.copyOf(files.keySet());
    }
}
