package org.xenolith.device;

/// A device in the I/O port space. `offset` counts from the start of its range; `bytes` is 1, 2 or
/// 4; values are zero-extended.
public interface PortDevice {
    int read(int offset, int bytes);

    void write(int offset, int bytes, int value);
}
