package org.xenolith.board;

import static org.xenolith.base.Sizes.MIB;
import static org.xenolith.base.Sizes.PAGE_BYTES;
import static org.xenolith.board.InvalidConfigException.require;

import org.xenolith.base.Entropy;
import org.xenolith.boot.PygrubOptions;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;

/// What a domain is made of: xl.cfg, typed and checked. An impossible one is refused by the
/// constructor with [InvalidConfigException].
///
/// `kernel` is the path of a bzImage or an ELF file, and `ramdisk` a path; either may also name the
/// guest kit, see [org.xenolith.boot.GuestKit]. With a `bootloader` they come from the first disk
/// at each boot, `kernel` is empty and `commandLine` stands before what the disk says.
/// `memoryBytes` is what the domain has at start, `maxMemoryBytes` what it may grow to; `vcpus` are
/// online at start, `maxVcpus` exist.
///
/// With a seed in `deterministic` the domain runs on one thread, its time is counted in
/// instructions, and all that it gets by chance follows from the seed: given the same input it does
/// the same in every run.
public record DomainConfig(
        String name,
        UUID uuid,
        DomainType type,
        String kernel,
        Optional<String> ramdisk,
        String commandLine,
        long memoryBytes,
        long maxMemoryBytes,
        int vcpus,
        int maxVcpus,
        ShutdownActions actions,
        Limits limits,
        EngineChoice engine,
        MemoryAccess memoryAccess,
        Optional<Long> deterministic,
        List<DiskConfig> disks,
        List<VifConfig> vifs,
        Optional<PygrubOptions> bootloader) {
    public static final int VCPUS_MAX = 128;
    public static final long MEMORY_BYTES_MIN = 4 * MIB;
    public static final long MEMORY_BYTES_MAX = 256 * 1024 * MIB;
    public static final int COMMAND_LINE_CHARACTERS_MAX = 4095;
    public static final int NAME_CHARACTERS_MAX = 128;
    public static final int DISKS_MAX = 64;
    public static final int VIFS_MAX = 64;

    public DomainConfig {
        disks = List.copyOf(disks);
        vifs = complete(name, vifs);
        require(!name.isEmpty(), "name is missing");
        require(
                name.length() <= NAME_CHARACTERS_MAX,
                "name is longer than " + NAME_CHARACTERS_MAX + " characters");
        require(
                name.chars().allMatch(c -> c >= ' ' && c < 0x7F && c != '/'),
                "name must be printable ASCII without a slash");
        require(!name.chars().allMatch(Character::isDigit), "name may not be a number");
        require(!kernel.isEmpty() || bootloader.isPresent(), "kernel is missing");
        require(
                bootloader.isEmpty() || kernel.isEmpty() && ramdisk.isEmpty(),
                "kernel and ramdisk come from the disk where there is a bootloader");
        require(
                bootloader.isEmpty() || !disks.isEmpty() && disks.getFirst().target().isPresent(),
                "bootloader needs a first disk to look into");
        require(
                commandLine.length() <= COMMAND_LINE_CHARACTERS_MAX
                        && commandLine.chars().allMatch(c -> c >= ' ' && c < 0x7F || c == '\t'),
                "the kernel command line must be printable ASCII of at most "
                        + COMMAND_LINE_CHARACTERS_MAX
                        + " characters");
        require(
                memoryBytes >= MEMORY_BYTES_MIN && memoryBytes <= MEMORY_BYTES_MAX,
                "memory must be from %d to %d MiB, not %d"
                        .formatted(
                                MEMORY_BYTES_MIN / MIB, MEMORY_BYTES_MAX / MIB, memoryBytes / MIB));
        require(
                maxMemoryBytes >= memoryBytes && maxMemoryBytes <= MEMORY_BYTES_MAX,
                "maxmem must be at least memory, not " + maxMemoryBytes / MIB + " MiB");
        require(
                memoryBytes % PAGE_BYTES == 0 && maxMemoryBytes % PAGE_BYTES == 0,
                "memory is in whole pages");
        require(
                vcpus >= 1 && vcpus <= VCPUS_MAX,
                "vcpus must be from 1 to " + VCPUS_MAX + ", not " + vcpus);
        require(
                maxVcpus >= vcpus && maxVcpus <= VCPUS_MAX,
                "maxvcpus must be from %d (vcpus) to %d, not %d"
                        .formatted(vcpus, VCPUS_MAX, maxVcpus));
        require(disks.size() <= DISKS_MAX, "disk: there are more than " + DISKS_MAX);
        requireDistinct(disks);
        require(vifs.size() <= VIFS_MAX, "vif: there are more than " + VIFS_MAX);
        require(
                vifs.isEmpty() || deterministic.isEmpty(),
                "vif: a deterministic domain has none, for nobody knows when frames come");
    }

    /// The same with numbers and addresses for those that have none.
    private static List<VifConfig> complete(String name, List<VifConfig> vifs) {
        var complete = new ArrayList<VifConfig>();
        var taken = new HashSet<Integer>();
        for (var vif : vifs) {
            vif.devid()
                    .ifPresent(devid ->
                            require(taken.add(devid), "vif: devid %d twice".formatted(devid)));
        }
        for (var vif : vifs) {
            int devid = vif.devid().orElseGet(() -> lowestFree(taken));
            taken.add(devid);
            complete.add(vif.withDevid(devid).withStableMac(HostIdentity.ofMachine(), name));
        }
        return List.copyOf(complete);
    }

    private static int lowestFree(Set<Integer> taken) {
        return IntStream.iterate(0, i -> i + 1)
                .filter(i -> !taken.contains(i))
                .findFirst()
                .getAsInt();
    }

    /// What `vif` becomes when it is added.
    ///
    /// @throws InvalidConfigException if there can be no such interface beside the others
    VifConfig complete(VifConfig vif) {
        var all = new ArrayList<>(vifs);
        all.add(vif);
        return withVifs(all).vifs.getLast();
    }

    private static void requireDistinct(List<DiskConfig> disks) {
        var seen = new HashMap<Integer, DiskConfig>();
        for (var disk : disks) {
            var other = seen.put(disk.device().number(), disk);
            require(
                    other == null,
                    other == null
                            ? ""
                            : "disk %s is the same device as disk %s"
                                    .formatted(disk.device(), other.device()));
        }
    }

    /// The same domain with other disks.
    public DomainConfig withDisks(List<DiskConfig> others) {
        return new Builder(this).disks(others).build();
    }

    /// The same domain with another command line for its kernel.
    DomainConfig withCommandLine(String line) {
        return new Builder(this).commandLine(line).build();
    }

    /// The same domain with other network interfaces.
    public DomainConfig withVifs(List<VifConfig> others) {
        return new Builder(this).vifs(others).build();
    }

    /// The same domain with another name and UUID.
    public DomainConfig withIdentity(String otherName, UUID otherUuid) {
        return new Builder(this).name(otherName).uuid(otherUuid).build();
    }

    /// The same domain with other bounds of its memory.
    public DomainConfig withMemory(long bytes, long bytesMax) {
        return new Builder(this).memoryBytes(bytes, bytesMax).build();
    }

    /// The same domain with other vCPUs online.
    public DomainConfig withVcpus(int online) {
        return new Builder(this).vcpus(online).build();
    }

    /// A domain of one vCPU and 128 MiB, until told otherwise.
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /// A version 4 UUID (RFC 9562, 5.4).
    public static UUID randomUuid() {
        return uuid(Entropy.system());
    }

    private static UUID uuid(Entropy entropy) {
        long high = entropy.nextLong() & ~0xF000L | 0x4000L;
        long low = entropy.nextLong() & ~(3L << 62) | 2L << 62;
        return new UUID(high, low);
    }

    /// Collects settings; [#build] checks them.
    public static final class Builder {
        private String name;
        private UUID uuid;
        private DomainType type = DomainType.PVH;
        private String kernel = "";
        private String ramdisk = "";
        private String commandLine = "";
        private long memoryBytes = 128 * MIB;
        private long maxMemoryBytes;
        private int vcpus = 1;
        private int maxVcpus;
        private ShutdownActions actions = ShutdownActions.DEFAULT;
        private Limits limits = Limits.DEFAULT;
        private EngineChoice engine = EngineChoice.AUTO;
        private MemoryAccess memoryAccess = MemoryAccess.CHECKED;
        private Optional<Long> deterministic = Optional.empty();
        private List<DiskConfig> disks = List.of();
        private List<VifConfig> vifs = List.of();
        private Optional<PygrubOptions> bootloader = Optional.empty();

        private Builder(String name) {
            this.name = name;
        }

        private Builder(DomainConfig from) {
            name = from.name;
            uuid = from.uuid;
            type = from.type;
            kernel = from.kernel;
            ramdisk = from.ramdisk.orElse("");
            commandLine = from.commandLine;
            memoryBytes = from.memoryBytes;
            maxMemoryBytes = from.maxMemoryBytes;
            vcpus = from.vcpus;
            maxVcpus = from.maxVcpus;
            actions = from.actions;
            limits = from.limits;
            engine = from.engine;
            memoryAccess = from.memoryAccess;
            deterministic = from.deterministic;
            disks = from.disks;
            vifs = from.vifs;
            bootloader = from.bootloader;
        }

        private Builder name(String name) {
            this.name = name;
            return this;
        }

        /// A random one unless set; one that follows from the seed of a deterministic domain.
        public Builder uuid(UUID uuid) {
            this.uuid = uuid;
            return this;
        }

        public Builder type(DomainType type) {
            this.type = type;
            return this;
        }

        /// The path of a bzImage or ELF file, or `kit:PACKAGE`.
        public Builder kernel(String kernel) {
            this.kernel = kernel;
            return this;
        }

        public Builder kernel(Path file) {
            return kernel(file.toString());
        }

        /// A path, or `kit:`. None unless set.
        public Builder ramdisk(String ramdisk) {
            this.ramdisk = ramdisk;
            return this;
        }

        public Builder ramdisk(Path file) {
            return ramdisk(file.toString());
        }

        public Builder commandLine(String commandLine) {
            this.commandLine = commandLine;
            return this;
        }

        public Builder memoryMib(long mebibytes) {
            memoryBytes = toBytes(mebibytes);
            return this;
        }

        private Builder memoryBytes(long bytes, long bytesMax) {
            memoryBytes = bytes;
            maxMemoryBytes = bytesMax;
            return this;
        }

        /// As much as [#memoryMib] unless set.
        public Builder maxMemoryMib(long mebibytes) {
            maxMemoryBytes = toBytes(mebibytes);
            return this;
        }

        public Builder vcpus(int count) {
            this.vcpus = count;
            return this;
        }

        /// As many as [#vcpus] unless set.
        public Builder maxVcpus(int count) {
            this.maxVcpus = count;
            return this;
        }

        public Builder actions(ShutdownActions actions) {
            this.actions = actions;
            return this;
        }

        public Builder limits(Limits limits) {
            this.limits = limits;
            return this;
        }

        public Builder engine(EngineChoice engine) {
            this.engine = engine;
            return this;
        }

        /// CHECKED unless set.
        public Builder memoryAccess(MemoryAccess access) {
            this.memoryAccess = access;
            return this;
        }

        /// The domain does the same in every run. Another seed gives it other random numbers.
        public Builder deterministic(long seed) {
            this.deterministic = Optional.of(seed);
            return this;
        }

        /// None unless set.
        public Builder disks(List<DiskConfig> disks) {
            this.disks = List.copyOf(disks);
            return this;
        }

        /// None unless set.
        public Builder vifs(List<VifConfig> vifs) {
            this.vifs = List.copyOf(vifs);
            return this;
        }

        /// Kernel and ramdisk come from the first disk. Not so unless set.
        public Builder bootloader(PygrubOptions options) {
            this.bootloader = Optional.of(options);
            return this;
        }

        public DomainConfig build() {
            return new DomainConfig(
                    name,
                    uuid == null ? newUuid() : uuid,
                    type,
                    kernel,
                    ramdisk.isEmpty() ? Optional.empty() : Optional.of(ramdisk),
                    commandLine,
                    memoryBytes,
                    maxMemoryBytes == 0 ? memoryBytes : maxMemoryBytes,
                    vcpus,
                    maxVcpus == 0 ? vcpus : maxVcpus,
                    actions,
                    limits,
                    engine,
                    memoryAccess,
                    deterministic,
                    disks,
                    vifs,
                    bootloader);
        }

        private UUID newUuid() {
            return deterministic
                    .map(seed -> DomainConfig.uuid(Entropy.seeded(seed)))
                    .orElseGet(DomainConfig::randomUuid);
        }

        /// Too many are too many bytes.
        private static long toBytes(long mebibytes) {
            return Math.clamp(mebibytes, 0, Long.MAX_VALUE / MIB) * MIB;
        }
    }
}
