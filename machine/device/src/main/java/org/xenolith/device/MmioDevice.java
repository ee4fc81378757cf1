package org.xenolith.device;

/// A device in guest-physical address space. `offset` counts from the start of its range; `bytes`
/// is 1, 2, 4 or 8; values are zero-extended.
public interface MmioDevice {
    long read(long offset, int bytes);

    void write(long offset, int bytes, long value);
}
