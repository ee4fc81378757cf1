package org.xenolith.board;

import static org.xenolith.base.Sizes.KIB;
import static org.xenolith.base.Sizes.MIB;
import static org.xenolith.base.Sizes.PAGE_BYTES;
import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.xen.XenDomain;
import org.xenolith.xenstore.DomainDirectory;

/// Asks for pages by `memory/target` in xenstore, as libxl does (tools/libs/light/libxl_mem.c), and
/// keeps the guest to it.
final class BoardBalloon implements Balloon {
    /// What a guest may have beyond its target (`LIBXL_MAXMEM_CONSTANT`).
    private static final long SLACK_BYTES = MIB;

    private final XenDomain xen;
    private final DomainDirectory directory;
    private final Driver driver;

    /// What the machine has frames for.
    private final long bytesMax;

    private long target;
    private long max;

    BoardBalloon(DomainConfig config, XenDomain xen, DomainDirectory directory, Driver driver) {
        this.xen = xen;
        this.directory = directory;
        this.driver = driver;
        this.bytesMax = config.maxMemoryBytes();
        this.target = config.memoryBytes();
        this.max = config.maxMemoryBytes();
        limit(target);
    }

    private void limit(long bytes) {
        xen.limitPages(bytes + SLACK_BYTES >> PAGE_SHIFT);
    }

    @Override
    public synchronized MemoryInfo info() {
        return new MemoryInfo(xen.pages() << PAGE_SHIFT, target, max);
    }

    @Override
    public synchronized void setTarget(long wanted) throws DomainException {
        long bytes = wanted & -PAGE_BYTES;
        DomainException.require(
                bytes >= DomainConfig.MEMORY_BYTES_MIN,
                "a domain needs at least %d MiB of memory"
                        .formatted(DomainConfig.MEMORY_BYTES_MIN / MIB));
        DomainException.require(
                bytes <= max,
                "the target of %d KiB is above the domain's maximum of %d KiB; see 'xl mem-max'"
                        .formatted(bytes / KIB, max / KIB));
        target = bytes;
        limit(bytes);
        xen.setTargetPages(bytes >> PAGE_SHIFT);
        driver.perform(() -> directory.setMemoryTarget(bytes / KIB));
    }

    @Override
    public synchronized void setMax(long wanted) throws DomainException {
        long bytes = wanted & -PAGE_BYTES;
        DomainException.require(
                bytes >= target,
                "the maximum of %d KiB is below the domain's target of %d KiB; see 'xl mem-set'"
                        .formatted(bytes / KIB, target / KIB));
        DomainException.require(
                bytes <= bytesMax,
                "the domain was started with at most %d KiB; a larger maxmem in its configuration"
                                .formatted(bytesMax / KIB)
                        + " takes effect when it is created");
        max = bytes;
        limit(bytes);
        driver.perform(() -> directory.setMemoryMax(bytes / KIB));
    }
}
