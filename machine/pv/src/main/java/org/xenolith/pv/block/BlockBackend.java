package org.xenolith.pv.block;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.device.Workers;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.xenbus.FrontendNodes;
import org.xenolith.pv.xenbus.LimitedLog;
import org.xenolith.pv.xenbus.XenbusBackend;
import org.xenolith.pv.xenbus.XenbusDevice;
import org.xenolith.pv.xenbus.XenbusException;
import org.xenolith.pv.xenbus.XenbusPaths;
import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.xen.XenDomain;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.BlkifAbi;
import org.xenolith.xenstore.XenStore;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// Back end of one paravirtual block device (xen/include/public/io/blkif.h): several queues, rings
/// of several pages, indirect segments, persistent grants, flush, barrier and discard; a disk that
/// grows, and a CD-ROM drive whose disk is exchanged.
///
/// May be used from any thread.
public final class BlockBackend implements AutoCloseable {
    private static final String KIND = "vbd";

    /// Rings of one device.
    public static final int QUEUES_MAX = 8;

    /// The machine that the device is a part of.
    ///
    /// @param buffers shared by all its block devices
    /// @param clock tells how long requests take
    /// @param log told of what a front end does wrong, a few lines for each device
    public record Surroundings(
            DomainId id,
            XenDomain domain,
            GuestMemory memory,
            XenStore store,
            Workers workers,
            BlockBuffers buffers,
            Clock clock,
            Consumer<String> log) {}

    /// What the operator says about a device.
    ///
    /// @param readOnly whether the guest is told so; the disk itself refuses writes
    /// @param discard whether the guest may discard, if the disk can
    /// @param queuesMax rings that the front end may have
    public record Settings(
            VirtualDevice device, boolean readOnly, boolean cdrom, boolean discard, int queuesMax) {
        public Settings {
            if (queuesMax < 1 || queuesMax > QUEUES_MAX) {
                throw new IllegalArgumentException("a block device has 1 to 8 queues");
            }
        }
    }

    /// Where a disk comes from, in the words of xenstore.
    ///
    /// @param type `file` or `phy`, and `tap` for what is not raw
    /// @param params the path, after the format and a colon for what is not raw; empty for no disk
    public record Source(String type, String params) {}

    private final Surroundings around;
    private final Settings settings;
    private final Drive drive;
    private final boolean discards;
    private final BlockCounters counters = new BlockCounters();
    private final LimitedLog log;
    private final XenbusBackend xenbus;
    private volatile Source source;

    /// The xenbus worker's own, and while that is paused the caller's of [#pause].
    private final List<BlockQueue> queues = new ArrayList<>();

    /// What the front end has been told last; the xenbus worker's own.
    private Map<String, String> told = Map.of();

    /// Publishes the device; the front end may connect at once. The disk is the device's from here
    /// on.
    ///
    /// @param disk empty only for a CD-ROM drive
    public static BlockBackend publish(
            Surroundings around, Settings settings, Optional<BlockDisk> disk, Source source) {
        return new BlockBackend(
                around,
                settings,
                disk,
                source,
                device ->
                        new XenbusBackend(
                                around.store,
                                paths(around, settings),
                                device.toolsNodes(),
                                Map.of(
                                        "virtual-device",
                                        Integer.toString(settings.device.number()),
                                        "device-type",
                                        "disk"), // a CD-ROM drive too, see docs/quirks.md
                                device.new Device(),
                                around.workers,
                                device.log));
    }

    /// Goes on with a device of a machine that has been restored, where a paused back end left it:
    /// the front end does not notice. Where the ring was, the ring itself says, for everything that
    /// was taken from it had been answered; the rest is in the store. So a back end has no state of
    /// its own.
    ///
    /// @param disk empty only for a CD-ROM drive; it stays the caller's if this throws
    /// @throws XenbusException if the front end's ring is not there as it was
    public static BlockBackend takeOver(
            Surroundings around, Settings settings, Optional<BlockDisk> disk, Source source)
            throws XenbusException {
        return new BlockBackend(
                around,
                settings,
                disk,
                source,
                device ->
                        XenbusBackend.takeOver(
                                around.store,
                                paths(around, settings),
                                device.new Device(),
                                around.workers,
                                device.log));
    }

    /// Whether the store knows such a device.
    public static boolean exists(Surroundings around, VirtualDevice device) {
        return XenbusBackend.exists(
                around.store, new XenbusPaths(around.id, KIND, device.number()));
    }

    /// The numbers of the devices that the store knows.
    public static List<String> known(Surroundings around) {
        return XenbusBackend.known(around.store, new XenbusPaths(around.id, KIND, 0));
    }

    private static XenbusPaths paths(Surroundings around, Settings settings) {
        return new XenbusPaths(around.id, KIND, settings.device.number());
    }

    /// Makes the other half of a back end.
    private interface Bus<E extends Exception> {
        XenbusBackend of(BlockBackend device) throws E;
    }

    private <E extends Exception> BlockBackend(
            Surroundings around,
            Settings settings,
            Optional<BlockDisk> disk,
            Source source,
            Bus<E> bus)
            throws E {
        this.around = around;
        this.settings = settings;
        this.source = source;
        this.log = new LimitedLog(around.log);
        this.drive = new Drive(disk);
        this.discards =
                settings.discard
                        && !settings.readOnly
                        && disk.filter(BlockDisk::discards).isPresent();
        this.xenbus = bus.of(this);
    }

    /// What libxl writes (tools/libs/light/libxl_disk.c in the Xen tree).
    private Map<String, String> toolsNodes() {
        var nodes = new TreeMap<String, String>(sourceNodes());
        nodes.put("dev", settings.device.name());
        nodes.put("mode", settings.readOnly ? "r" : "w");
        nodes.put("device-type", settings.cdrom ? "cdrom" : "disk");
        nodes.put("removable", flag(settings.cdrom));
        nodes.put("bootable", "1");
        nodes.put("discard-enable", flag(settings.discard));
        return nodes;
    }

    private Map<String, String> sourceNodes() {
        var now = source;
        return Map.of("type", now.type, "params", now.params);
    }

    private static String flag(boolean set) {
        return set ? "1" : "0";
    }

    public Settings settings() {
        return settings;
    }

    public XenbusState state() {
        return xenbus.state();
    }

    /// What the front end says of itself.
    public XenbusState frontendState() {
        return XenbusState.of(xenbus.frontend().text("state"));
    }

    public BlockStatistics statistics() {
        return counters.statistics();
    }

    /// Sectors of 512 bytes that the disk has now.
    public long sectors() {
        return drive.sectors();
    }

    /// What the front end has published as `event-channel` or `ring-ref`, of its first ring; -1 if
    /// it has not.
    public int published(String node) {
        return xenbus.published(node, node + "0", "queue-0/" + node, "queue-0/" + node + "0");
    }

    /// The disk may have another size: the front end is told soon.
    public void resized() {
        xenbus.deviceChanged();
    }

    /// Exchanges the disk in a CD-ROM drive; none takes it out. Gives the old one back.
    ///
    /// @throws IllegalArgumentException if the new one's sectors have another size
    public Optional<BlockDisk> insert(Optional<BlockDisk> disk, Source from) {
        if (disk.isPresent() && disk.get().sectorBytes() != drive.sectorBytes()) {
            throw new IllegalArgumentException(
                    "the drive has sectors of %d bytes, not %d"
                            .formatted(drive.sectorBytes(), disk.get().sectorBytes()));
        }
        var before = drive.exchange(disk);
        source = from;
        xenbus.deviceChanged();
        return before;
    }

    /// Takes the disk out, or puts the same one in again, while the device is paused; the front end
    /// hears nothing of it. Gives back what was there.
    public Optional<BlockDisk> exchange(Optional<BlockDisk> disk) {
        return drive.exchange(disk);
    }

    /// Asks the front end to let go of the device, see [XenbusBackend#unplug].
    public CompletableFuture<Void> unplug() {
        return xenbus.unplug();
    }

    /// Returns when everything that was taken from the front end has been answered and nothing more
    /// comes from here.
    public void pause() {
        xenbus.pause();
        queues.forEach(BlockQueue::pause);
    }

    /// Only when paused.
    public void resume() {
        queues.forEach(BlockQueue::resume);
        xenbus.resume();
    }

    /// Takes the device away, whatever the front end does, and closes the disk.
    @Override
    public void close() throws IOException {
        xenbus.close();
        drive.close();
    }

    /// The same when the whole machine goes: the nodes stay.
    public void release() throws IOException {
        xenbus.release();
        drive.close();
    }

    // ---------------------------------------------------------------- the xenbus

    private final class Device implements XenbusDevice {
        @Override
        public Map<String, String> offer() {
            var nodes = new TreeMap<String, String>();
            nodes.put("feature-barrier", "1");
            nodes.put("feature-flush-cache", "1");
            nodes.put("feature-persistent", "1");
            nodes.put("feature-discard", flag(discards));
            if (discards) {
                nodes.put("discard-granularity", Integer.toString(drive.sectorBytes()));
                nodes.put("discard-alignment", "0");
                nodes.put("discard-secure", "0");
            }
            nodes.put(
                    "feature-max-indirect-segments",
                    Integer.toString(RequestParser.INDIRECT_SEGMENTS_MAX));
            nodes.put("max-ring-page-order", Integer.toString(FrontendRings.PAGE_ORDER_MAX));
            nodes.put("max-ring-pages", Integer.toString(1 << FrontendRings.PAGE_ORDER_MAX));
            nodes.put("multi-queue-max-queues", Integer.toString(settings.queuesMax));
            return nodes;
        }

        @Override
        public Map<String, String> connect(FrontendNodes frontend) throws XenbusException {
            var shared =
                    new BlockQueue.Shared(
                            "vbd-" + settings.device.number(),
                            around.domain,
                            around.memory,
                            around.workers,
                            drive,
                            around.buffers,
                            counters,
                            around.clock,
                            log,
                            discards,
                            abi(frontend),
                            frontend.flag("feature-persistent"));
            try {
                for (var published : new FrontendRings(settings.queuesMax, frontend).read()) {
                    queues.add(BlockQueue.connect(shared, published));
                }
            } catch (XenbusException e) {
                disconnect();
                throw e;
            }
            told = properties();
            return told;
        }

        private static Abi abi(FrontendNodes frontend) throws XenbusException {
            var protocol = frontend.text("protocol").orElse("x86_64-abi");
            return switch (protocol) {
                case "x86_64-abi" -> Abi.X86_64;
                case "x86_32-abi" -> Abi.X86_32;
                default -> throw new XenbusException("protocol is not one of an x86 guest");
            };
        }

        private Map<String, String> properties() {
            int info =
                    (settings.cdrom ? BlkifAbi.VDISK_CDROM | BlkifAbi.VDISK_REMOVABLE : 0)
                            | (settings.readOnly ? BlkifAbi.VDISK_READONLY : 0);
            var sectorBytes = Integer.toString(drive.sectorBytes());
            var nodes = new TreeMap<String, String>(sourceNodes());
            nodes.put("sectors", Long.toString(drive.sectors()));
            nodes.put("info", Integer.toString(info));
            nodes.put("sector-size", sectorBytes);
            nodes.put("physical-sector-size", sectorBytes);
            return nodes;
        }

        @Override
        public Map<String, String> changes() {
            drive.refresh();
            var now = properties();
            if (now.equals(told)) {
                return Map.of();
            }
            told = now;
            return now;
        }

        @Override
        public void disconnect() {
            queues.forEach(BlockQueue::close);
            queues.clear();
        }
    }
}
