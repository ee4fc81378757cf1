package org.xenolith.conformance;

import org.xenolith.base.Sizes;

/// The address space of a case. All of it is user memory.
///
/// | linear address | what |
/// |---|---|
/// | `CODE` | 16 pages, read and execute, full of INT3 but for the case's instruction |
/// | `DATA` | two pages read and write, one page read only; none executable |
/// | `LOW_DATA` | the same three pages again, within reach of 16-bit addresses |
///
/// Everything else that a case may reach is unmapped.
public final class Arena {
    public static final int PAGES = 3;
    public static final int BYTES = PAGES * Sizes.PAGE_BYTES;
    public static final int WRITABLE_BYTES = 2 * Sizes.PAGE_BYTES;
    public static final long DATA = 0x2000_0000L;
    public static final long LOW_DATA = 0x8000L;
    public static final long CODE = 0x1000_0000L;
    public static final int CODE_BYTES = 16 * Sizes.PAGE_BYTES;

    private Arena() {}

    /// What the data pages hold where a case says nothing else: bytes without a pattern.
    public static byte[] background() {
        return new Dice(0x584E_4152_454E_41L).bytes(BYTES);
    }
}
