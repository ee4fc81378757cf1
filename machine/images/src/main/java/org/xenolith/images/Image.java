package org.xenolith.images;

import org.xenolith.linux.IoVector;

import java.nio.ByteBuffer;

/// A virtual disk that is kept in a file or a block device of the host.
///
/// Any number of threads may call any method at any time; requests are not ordered among each
/// other, and of two that overlap in time and place either may be seen first. Offsets and lengths
/// are bytes and need no alignment, though whole sectors are faster. A range that is not inside [0,
/// [#size]) is [ImageException.Refused], as is any change of an image that is [#readOnly].
///
/// A change is seen by every read that begins after it returned. It is *durable* (survives the
/// death of this process, and loss of power as far as the host keeps its own promise) once a
/// [#flush] that began after it has returned.
public interface Image extends AutoCloseable {
    /// Bytes of a logical sector of every format here.
    int SECTOR_BYTES = 512;

    ImageFormat format();

    /// What the guest sees, in bytes. For a raw file it need not be a multiple of a sector.
    long size();

    /// Bytes of a logical sector: the unit in which a guest addresses the disk.
    default int sectorBytes() {
        return SECTOR_BYTES;
    }

    boolean readOnly();

    /// Fills what remains of `target` with what is at `offset`. On failure the content of `target`
    /// is unspecified.
    void read(long offset, ByteBuffer target) throws ImageException;

    /// Writes what remains of `source` to `offset`.
    void write(long offset, ByteBuffer source) throws ImageException;

    /// Whether memory in many places is as good as one buffer, because the host moves the data.
    boolean isVectored();

    /// Fills `targets`, of which none is left to be used, with what is at `offset`. On failure
    /// their content is unspecified.
    void read(long offset, IoVector targets) throws ImageException;

    /// The same, but false, and unspecified content, if the host would wait for its disk or
    /// somebody has the image alone. Where the host cannot say so beforehand, this may wait.
    boolean readAtOnce(long offset, IoVector targets) throws ImageException;

    /// Writes `sources` to `offset`; none of them is left to be used.
    void write(long offset, IoVector sources) throws ImageException;

    /// Makes a range read as zeros, in as little space and time as the format allows.
    void writeZeroes(long offset, long bytes) throws ImageException;

    /// The content of a range is no longer needed. Afterwards each sector of it reads as zeros or
    /// as before; space is given back where the format and the host can.
    void discard(long offset, long bytes) throws ImageException;

    /// Makes all that was changed before durable.
    void flush() throws ImageException;

    /// Changes [#size]; what is new reads as zeros, what is beyond the new end is lost. May be
    /// called while requests are under way.
    void resize(long bytes) throws ImageException;

    /// What is known about the place `offset`, and for how many bytes, `bytesMax` at most, the same
    /// holds. The next bytes may be of the same kind again.
    Extent extent(long offset, long bytesMax) throws ImageException;

    /// What has been written since points in time that have names.
    ChangeLog changes();

    /// What the disk held at moments that have names, kept in the same file; only qcow2 can.
    Snapshots snapshots();

    /// Flushes, and gives back files and locks. An image that is closed refuses every request;
    /// closing it again does nothing.
    @Override
    void close() throws ImageException;
}
