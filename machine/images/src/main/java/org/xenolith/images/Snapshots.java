package org.xenolith.images;

import java.util.List;

/// The internal snapshots of an image. Requests wait meanwhile.
public interface Snapshots {
    List<Snapshot> list() throws ImageException;

    /// Keeps what the disk holds now as `name`. `wallNanos`: the time, in nanoseconds since 1970.
    void create(String name, long wallNanos) throws ImageException;

    /// The disk holds again what it held then; what it holds now is lost, unless it is a snapshot.
    void apply(String name) throws ImageException;

    void delete(String name) throws ImageException;
}
