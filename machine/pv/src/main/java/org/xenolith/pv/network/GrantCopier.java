package org.xenolith.pv.network;

import org.xenolith.base.DomainId;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.XenDomain;

/// Copies between pages that a guest has granted and an array, page after page. Who uses it has it
/// alone. **Hot path.**
final class GrantCopier {
    private final XenDomain domain;
    private final GuestMemory memory;
    private final long[] frames;

    /// @param pagesMax of one copy
    GrantCopier(XenDomain domain, GuestMemory memory, int pagesMax) {
        this.domain = domain;
        this.memory = memory;
        this.frames = new long[pagesMax];
    }

    /// Fills `into` with `sizes[i]` bytes from `offsets[i]` of each page. False if one of them is
    /// not granted or not there.
    boolean read(int[] references, int[] offsets, int[] sizes, int count, byte[] into) {
        if (!domain.holdGrants(DomainId.CONTROL, references, count, false, frames)) {
            return false;
        }
        boolean whole = true;
        int done = 0;
        for (int i = 0; i < count; i++) {
            long from = (frames[i] << Sizes.PAGE_SHIFT) + offsets[i];
            whole &= memory.read(from, into, done, sizes[i]);
            done += sizes[i];
        }
        domain.letGoGrants(references, count, false);
        return whole;
    }

    /// Fills the pages from their start on with the first `length` bytes. False if one of them is
    /// not granted for writing or not there.
    boolean write(int[] references, int count, byte[] bytes, int length) {
        if (!domain.holdGrants(DomainId.CONTROL, references, count, true, frames)) {
            return false;
        }
        boolean whole = true;
        for (int i = 0; i < count; i++) {
            int at = i * Sizes.PAGE_BYTES;
            int part = Math.min(length - at, Sizes.PAGE_BYTES);
            whole &= memory.write(frames[i] << Sizes.PAGE_SHIFT, bytes, at, part);
        }
        domain.letGoGrants(references, count, true);
        return whole;
    }
}
