package org.xenolith.board;

import static org.xenolith.board.DomainException.require;

import org.xenolith.images.ImageException;
import org.xenolith.images.ImageFormat;
import org.xenolith.pv.block.BlockBackend;
import org.xenolith.pv.block.BlockDisk;
import org.xenolith.pv.block.VirtualDevice;
import org.xenolith.pv.xenbus.XenbusException;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// The block devices of a machine: a back end for each, on files of the host.
final class MachineDisks implements Disks, AutoCloseable {
    private final BlockBackend.Surroundings around;
    private final int queuesMax;

    /// By number. Guarded by this object.
    private final SortedMap<Integer, Attached> attached = new TreeMap<>();

    private boolean closed;

    /// How often something has come or gone. Guarded by this object.
    private long changes;

    /// Those that are paused. Guarded by this object.
    private List<BlockBackend> standing = List.of();

    /// By number, while somebody keeps a copy in step. Guarded by this object.
    private final Map<Integer, DiskJournal> journals = new TreeMap<>();

    /// Numbers of those whose disk another machine may have. Guarded by this object.
    private final Set<Integer> released = new TreeSet<>();

    /// `disk` is what `config` names as its target; empty for an empty drive.
    private record Attached(DiskConfig config, BlockBackend backend, Optional<ImageDisk> disk) {}

    MachineDisks(BlockBackend.Surroundings around, int vcpus) {
        this.around = around;
        this.queuesMax = Math.min(vcpus, BlockBackend.QUEUES_MAX);
    }

    @Override
    public synchronized void attach(DiskConfig config) throws DomainException {
        require(!closed, "the domain is going down");
        int number = config.device().number();
        require(
                attached.size() < DomainConfig.DISKS_MAX,
                "there are " + DomainConfig.DISKS_MAX + " disks already");
        var before = attached.get(number);
        if (before != null) {
            throw new DomainException(
                    "disk %s is there already, as %s"
                            .formatted(config.device(), before.config.device()));
        }
        var disk = open(config);
        var backend =
                BlockBackend.publish(
                        around, settings(config), disk.map(BlockDisk.class::cast), source(config));
        attached.put(number, new Attached(config, backend, disk));
        changes++;
    }

    private BlockBackend.Settings settings(DiskConfig config) {
        return new BlockBackend.Settings(
                config.device(), !config.writable(), config.cdrom(), config.discard(), queuesMax);
    }

    /// The disks of a machine that has been restored: those that the guest has go on where they
    /// were, others are plugged in. The guest must not miss one.
    void restore(List<DiskConfig> disks) throws DomainException {
        RestoredStates.requireConfigured(
                "block devices",
                BlockBackend.known(around),
                disks.stream().map(disk -> disk.device().number()));
        for (var disk : disks) {
            if (BlockBackend.exists(around, disk.device())) {
                takeOver(disk);
            } else {
                attach(disk);
            }
        }
    }

    private synchronized void takeOver(DiskConfig config) throws DomainException {
        var disk = open(config);
        try {
            var backend =
                    BlockBackend.takeOver(
                            around,
                            settings(config),
                            disk.map(BlockDisk.class::cast),
                            source(config));
            attached.put(config.device().number(), new Attached(config, backend, disk));
        } catch (XenbusException e) {
            closeAfter(e, disk);
            throw new DomainException(
                    "disk %s cannot go on: %s".formatted(config.device(), e.getMessage()), e);
        }
    }

    private static void closeAfter(Exception reason, Optional<ImageDisk> disk) {
        try {
            if (disk.isPresent()) {
                disk.get().close();
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /// Returns when all requests that were taken have been answered; no more are taken.
    synchronized void pause() {
        standing = attached.values().stream().map(Attached::backend).toList();
        standing.forEach(BlockBackend::pause);
    }

    /// Has what was written reach the host's disks. Only when paused.
    synchronized void flush() throws IOException {
        for (var device : attached.values()) {
            if (device.disk.isPresent()) {
                device.disk.get().flush();
            }
        }
    }

    /// Begins to copy the disks that the guest may write.
    synchronized List<CopiedDisk> copy() {
        return attached.values().stream()
                .filter(device -> device.config.writable() && device.disk.isPresent())
                .map(device -> device.disk.get().copy(device.config.device().number()))
                .toList();
    }

    /// The same; they stay as long as they are until [#endRecord].
    synchronized List<CopiedDisk> copyAsTheyAre() {
        attached.values().stream()
                .filter(device -> device.config.writable())
                .forEach(device -> device.disk.ifPresent(disk -> disk.fixSize(true)));
        return copy();
    }

    /// Closes the disks, so that another machine may open them. Only when paused.
    synchronized void release() throws IOException {
        for (var device : attached.values()) {
            var disk = device.backend.exchange(Optional.empty());
            if (disk.isPresent()) {
                released.add(device.config.device().number());
                disk.get().close();
            }
        }
    }

    /// Opens what [#release] has closed. Only when paused.
    synchronized void takeBack() throws DomainException {
        for (var number : List.copyOf(released)) {
            var device = attached.get(number);
            var disk = open(device.config);
            device.backend.exchange(disk.map(BlockDisk.class::cast));
            attached.put(number, new Attached(device.config, device.backend, disk));
            released.remove(number);
        }
    }

    /// Only when paused.
    synchronized void resume() {
        var paused = standing;
        standing = List.of();
        paused.forEach(BlockBackend::resume);
    }

    // ---------------------------------------------------------------- a copy in step

    /// How often one has come or gone. One that goes and comes again is another.
    synchronized long changes() {
        return changes;
    }

    /// Begins to write down what is done to the disks that the guest may write. Only when paused.
    synchronized void record() {
        attached.forEach((number, device) -> {
            if (device.config.writable() && device.disk.isPresent()) {
                var journal = new DiskJournal(new DiskChanges());
                journals.put(number, journal);
                device.disk.get().record(journal);
            }
        });
    }

    /// What has been done since the last time. Only when paused.
    ///
    /// @param next to be used for what is done from now on; may lack some
    synchronized Map<Integer, DiskChanges> exchange(Map<Integer, DiskChanges> next) {
        var changes = new TreeMap<Integer, DiskChanges>();
        journals.forEach((number, journal) -> {
            var empty = next.getOrDefault(number, new DiskChanges());
            changes.put(number, journal.exchange(empty));
        });
        return changes;
    }

    /// Nothing is written down any more. Only when paused.
    synchronized void endRecord() {
        journals.values().forEach(DiskJournal::close);
        journals.clear();
        for (var device : attached.values()) {
            device.disk.ifPresent(disk -> {
                disk.record(null);
                disk.fixSize(false);
            });
        }
    }

    private static Optional<ImageDisk> open(DiskConfig config) throws DomainException {
        if (config.target().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    ImageDisk.open(
                            config.target().get(),
                            config.format(),
                            config.writable(),
                            config.sectorBytes()));
        } catch (ImageException e) {
            throw new DomainException("disk " + config.device() + ": " + e.getMessage(), e);
        }
    }

    private static BlockBackend.Source source(DiskConfig config) {
        boolean file = config.target().map(Files::isRegularFile).orElse(true);
        var type = config.format() != ImageFormat.RAW ? "tap" : file ? "file" : "phy";
        return new BlockBackend.Source(type, config.params());
    }

    private synchronized Attached find(VirtualDevice device) throws DomainException {
        var found = attached.get(device.number());
        require(found != null, "there is no disk " + device);
        return found;
    }

    @Override
    public void detach(VirtualDevice device, boolean force)
            throws DomainException, InterruptedException {
        var found = find(device);
        if (!force) {
            Unplugging.await("disk " + device, found.backend.unplug());
        }
        synchronized (this) {
            // Of two who detach the same disk, one does it.
            if (attached.get(device.number()) != found) {
                return;
            }
            attached.remove(device.number());
            changes++;
        }
        try {
            found.backend.close();
        } catch (IOException e) {
            throw new DomainException(
                    "disk %s: cannot close: %s".formatted(device, e.getMessage()), e);
        }
    }

    @Override
    public synchronized void insert(DiskConfig wanted) throws DomainException {
        var found = find(wanted.device());
        require(
                found.config.cdrom() && wanted.cdrom(),
                "disk " + wanted.device() + " is not a CD-ROM drive");
        var drive = wanted.withSectorBytes(found.config.sectorBytes());
        var disk = open(drive);
        var before = found.backend.insert(disk.map(BlockDisk.class::cast), source(drive));
        attached.put(drive.device().number(), new Attached(drive, found.backend, disk));
        changes++;
        try {
            if (before.isPresent()) {
                before.get().close();
            }
        } catch (IOException e) {
            throw new DomainException(
                    "disk %s: cannot close: %s".formatted(drive.device(), e.getMessage()), e);
        }
    }

    @Override
    public synchronized void grow(VirtualDevice device, long bytes) throws DomainException {
        var found = find(device);
        require(found.config.writable(), "disk " + device + " is read-only");
        var disk = found.disk.orElseThrow();
        require(
                !disk.isSizeFixed(),
                "disk %s is being mirrored and cannot be made longer".formatted(device));
        require(
                bytes >= disk.size(),
                "disk %s has %d bytes and is not made shorter".formatted(device, disk.size()));
        try {
            disk.grow(bytes);
        } catch (IOException e) {
            throw new DomainException(
                    "disk %s: cannot grow: %s".formatted(device, e.getMessage()), e);
        }
        found.backend.resized();
    }

    @Override
    public synchronized List<DiskInfo> list() {
        return attached.values().stream().map(MachineDisks::info).toList();
    }

    private static DiskInfo info(Attached device) {
        var backend = device.backend;
        return new DiskInfo(
                device.config,
                backend.frontendState().number(),
                backend.published("event-channel"),
                backend.published("ring-ref"),
                backend.sectors(),
                backend.statistics());
    }

    /// Answers what is under way and closes all files; nothing is attached any more.
    @Override
    public void close() {
        List<Attached> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(attached.values());
            attached.clear();
        }
        for (var device : all) {
            try {
                device.backend.release();
            } catch (IOException e) {
                around.log()
                        .accept(
                                "disk %s: cannot close: %s"
                                        .formatted(device.config.device(), e.getMessage()));
            }
        }
    }
}
