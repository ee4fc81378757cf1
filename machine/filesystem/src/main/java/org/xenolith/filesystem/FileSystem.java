package org.xenolith.filesystem;

import java.io.OutputStream;
import java.util.List;
import java.util.Optional;

/// A file system on a disk, as it would be after it was mounted. Paths are absolute, of parts with
/// slashes between, and symbolic links in them are followed. For one thread.
public interface FileSystem {
    /// What a path leads to.
    enum Kind {
        FILE,
        DIRECTORY,
        /// A device, a pipe or a socket.
        OTHER
    }

    /// @param bytes of a file; of the lists of names of a directory
    record Entry(Kind kind, long bytes) {}

    /// In lower case, with dashes.
    String uuid();

    /// Empty if there is none.
    String label();

    /// What `path` leads to; empty if it leads nowhere.
    Optional<Entry> find(String path) throws DiskException;

    /// A file's content. A file of more than `bytesMax` is [DiskException.Refused].
    byte[] read(String path, int bytesMax) throws DiskException;

    /// Writes a file's content to `output`, and returns how many bytes that was. A file of more
    /// than `bytesMax` is [DiskException.Refused].
    long copy(String path, OutputStream output, long bytesMax) throws DiskException;

    /// The names in a directory, without `.` and `..`, in no order.
    List<String> list(String path) throws DiskException;

    /// The file system that fills `disk`; empty if it holds none that is known.
    static Optional<FileSystem> open(Disk disk) throws DiskException {
        return SuperBlock.isOn(disk) ? Optional.of(Ext4.open(disk)) : Optional.empty();
    }
}
