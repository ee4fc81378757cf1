package org.xenolith.boot;

/// What a guest's Linux is told about its Xen front ends, in a file of modprobe.d(5), by whoever
/// makes the guest. Options of the same name on the kernel's command line come after it, and so are
/// what holds.
public final class FrontEndOptions {
    /// Where the file belongs in the guest.
    public static final String PATH = "etc/modprobe.d/xen-front-ends.conf";

    /// Segments of 4 KiB that a block request may have, where xen-blkfront itself takes 32 at most,
    /// whatever a back end offers. Each queue of a disk keeps memory of the guest's for 32 requests
    /// of this size: 8 MiB.
    private static final int BLOCK_SEGMENTS = 64;

    private FrontEndOptions() {}

    /// What is in the file.
    public static String content() {
        return """
        # Block requests of up to %d KiB instead of 128, for %d MiB of memory for each of a
        # disk's queues instead of 4. Linux has a queue for each processor.
        options xen_blkfront max_indirect_segments=%d
        """
                .formatted(BLOCK_SEGMENTS * 4, BLOCK_SEGMENTS / 8, BLOCK_SEGMENTS);
    }
}
