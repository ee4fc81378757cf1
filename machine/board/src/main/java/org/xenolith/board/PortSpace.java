package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.device.PortDevice;

import java.util.ArrayList;
import java.util.List;

/// The I/O ports of a machine: which device answers where. Ports of nobody read as all-ones.
final class PortSpace {
    private record Range(int first, int count, PortDevice device) {
        boolean contains(int port) {
            return port >= first && port < first + count;
        }
    }

    private final List<Range> ranges = new ArrayList<>();

    /// Gives `count` ports from `first` to `device`.
    void add(int first, int count, PortDevice device) {
        for (var range : ranges) {
            Bug.check(
                    first >= range.first + range.count || first + count <= range.first,
                    "devices have ports of their own");
        }
        ranges.add(new Range(first, count, device));
    }

    int read(int port, int bytes) {
        for (var range : ranges) {
            if (range.contains(port)) {
                return range.device.read(port - range.first, bytes);
            }
        }
        return -1 >>> 32 - 8 * bytes;
    }

    void write(int port, int bytes, int value) {
        for (var range : ranges) {
            if (range.contains(port)) {
                range.device.write(port - range.first, bytes, value);
                return;
            }
        }
    }
}
