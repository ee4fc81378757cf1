package org.xenolith.pv.block;

import org.xenolith.linux.IoVector;

import java.io.IOException;
import java.nio.ByteBuffer;

/// The disk behind a block device: what the back end needs of an image, a file or a block device of
/// the host.
///
/// May be used from any thread, by many at a time; requests that overlap are not ordered among each
/// other. Ranges are within [0, [#size]) when they are asked for; a disk that has shrunk since then
/// throws. A change is durable once a [#flush] that began after it has returned.
public interface BlockDisk extends AutoCloseable {
    /// Bytes that may be used now: a disk may grow.
    long size();

    /// Looks whether somebody else has made the disk longer; then [#size] says so from now on.
    void refresh() throws IOException;

    /// Bytes of a logical sector: 512 or 4096.
    int sectorBytes();

    boolean readOnly();

    /// Whether [#discard] gives space back.
    boolean discards();

    /// Fills what remains of `target` with what is at `offset`.
    void read(long offset, ByteBuffer target) throws IOException;

    /// Writes what remains of `source` to `offset`.
    void write(long offset, ByteBuffer source) throws IOException;

    /// Whether memory in many places is as good as one buffer, for as long as no request is under
    /// way at least.
    boolean isVectored();

    /// As [#read(long, ByteBuffer)], of all places.
    void read(long offset, IoVector targets) throws IOException;

    /// The same, but false if the host's disk would have to be waited for, as far as the host says
    /// so beforehand; then the places hold anything.
    boolean readAtOnce(long offset, IoVector targets) throws IOException;

    /// As [#write(long, ByteBuffer)], of all places.
    void write(long offset, IoVector sources) throws IOException;

    /// The content of a range is no longer needed.
    void discard(long offset, long bytes) throws IOException;

    void flush() throws IOException;

    /// Whether requests may be begun. If not, those that wait are looked at again when their device
    /// is resumed.
    boolean takesMore();

    @Override
    void close() throws IOException;
}
