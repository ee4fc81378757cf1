package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;

/// A small structure in guest memory that Xen keeps up to date, at the guest-physical places that
/// its linear address meant when the guest registered it: at most two, if it crosses a page.
///
/// @param first address of its first byte
/// @param firstBytes bytes there; the rest is at `second`
record GuestArea(long first, int firstBytes, long second) {
    GuestArea {
        require(
                firstBytes >= 0 && firstBytes <= Sizes.PAGE_BYTES,
                "a part of an area is in a page");
        require(
                GuestMemory.isAddressable(first >>> Sizes.PAGE_SHIFT)
                        && GuestMemory.isAddressable(second >>> Sizes.PAGE_SHIFT),
                "an area is within guest memory");
    }

    /// The area of `bytes` at `linear`, or null if the caller has nothing mapped there.
    static GuestArea at(Call call, long linear, int bytes) {
        int firstBytes = (int) Math.min(bytes, Sizes.PAGE_BYTES - (linear & Sizes.PAGE_BYTES - 1));
        long first = call.translate(linear);
        long second = firstBytes < bytes ? call.translate(linear + firstBytes) : 0;
        boolean usable =
                first >= 0
                        && second >= 0
                        && GuestMemory.isAddressable(first >>> Sizes.PAGE_SHIFT)
                        && GuestMemory.isAddressable(second >>> Sizes.PAGE_SHIFT);
        return usable ? new GuestArea(first, firstBytes, second) : null;
    }

    void write(GuestMemory memory, int offset, byte[] bytes) {
        int here = Math.clamp(firstBytes - offset, 0, bytes.length);
        memory.write(first + offset, bytes, 0, here);
        memory.write(second + Math.max(0, offset - firstBytes), bytes, here, bytes.length - here);
    }

    void writeInt(GuestMemory memory, int offset, int value) {
        write(
                memory,
                offset,
                new byte[] {
                    (byte) value, (byte) (value >>> 8), (byte) (value >>> 16), (byte) (value >>> 24)
                });
    }
}
