package org.xenolith.images;

import java.util.List;

/// What of a disk has been written since points in time that have names. It is kept with the image
/// and lasts as long: in a qcow2 file as the dirty bitmaps that QEMU knows, beside a raw or VHD
/// file in a file of its own (docs/specs/changed-blocks.md).
///
/// It is complete or says that it is not: a crash, or a change by a program that does not keep it,
/// makes a point [State#INCOMPLETE].
public interface ChangeLog {
    int POINTS_MAX = 64;
    int NAME_CHARS_MAX = 255;

    /// Whether a point can still be relied upon.
    enum State {
        /// Everything that was written since is known.
        COMPLETE,
        /// Something may have been written that is not known.
        INCOMPLETE
    }

    /// A point in time.
    ///
    /// @param granularity bytes that are told apart
    /// @param changedBytes what has changed since, in whole units of `granularity`
    record Point(String name, int granularity, State state, long changedBytes) {}

    /// Part of a disk, in bytes.
    record Range(long start, long length) {}

    List<Point> points() throws ImageException;

    /// From now on changes are noted under `name`, which must be new.
    void start(String name) throws ImageException;

    void remove(String name) throws ImageException;

    /// What has been written since `name`, in order; refused if that is not completely known.
    List<Range> since(String name) throws ImageException;
}
