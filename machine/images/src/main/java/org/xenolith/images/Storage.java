package org.xenolith.images;

import org.xenolith.linux.IoVector;

import java.nio.ByteBuffer;

/// The bytes under an image: a file, a block device or, in tests, a record of what was done. May be
/// used from many threads at once; what overlaps in place and time is not ordered.
interface Storage {
    /// How messages call it.
    String name();

    /// Bytes up to the end.
    long size() throws ImageException;

    /// Fills what remains of `target`; what is beyond the end reads as zeros.
    void read(long offset, ByteBuffer target) throws ImageException;

    /// Writes what remains of `source`; the end moves if need be.
    void write(long offset, ByteBuffer source) throws ImageException;

    /// Whether memory in many places is as good as one buffer.
    default boolean isVectored() {
        return false;
    }

    /// As [#read(long, ByteBuffer)], of all places.
    default void read(long offset, IoVector targets) throws ImageException {
        targets.useEach((before, place) -> read(offset + before, place));
    }

    /// The same, but false if the host would wait for its disk, as far as it says so beforehand;
    /// then the places hold anything.
    default boolean readAtOnce(long offset, IoVector targets) throws ImageException {
        return false;
    }

    /// As [#write(long, ByteBuffer)], of all places.
    default void write(long offset, IoVector sources) throws ImageException {
        sources.useEach((before, place) -> write(offset + before, place));
    }

    /// Makes all that was written before durable.
    void flush() throws ImageException;

    /// Moves the end. What is new reads as zeros.
    void resize(long bytes) throws ImageException;

    /// Makes a range before the end read as zeros, without space where the host can.
    void zero(long offset, long bytes) throws ImageException;

    /// Where the first range begins that may hold something but zeros, [#size] if there is none
    /// from here on.
    long nextData(long from) throws ImageException;

    /// Where the next range of zeros that take no space begins, [#size] at the latest.
    long nextHole(long from) throws ImageException;

    void close() throws ImageException;
}
