package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// Where the domains of one user are found. A domain lives as long as its process holds the lock on
/// its directory; directories that nobody holds are swept away by whoever sees them.
public final class RuntimeDirectory {
    /// Domains at one time.
    public static final int DOMAINS_MAX = 1000;

    private static final String ENTRY = "domain.json";
    private static final String LOCK = "lock";

    private final Path root;
    private final Path domains;
    private final ReentrantLock withinProcess = new ReentrantLock();

    /// Directories that this process holds: to look at their locks would release them (fcntl(2)).
    private final Set<Path> held = ConcurrentHashMap.newKeySet();

    private RuntimeDirectory(Path root) {
        this.root = root;
        this.domains = root.resolve("domains");
    }

    /// `$XDG_RUNTIME_DIR/xenolith`; without it `/run/xenolith` for root; else, or where that cannot
    /// be written, `~/.xenolith/run`.
    public static RuntimeDirectory find(Map<String, String> environment) throws ControlException {
        var candidates = new ArrayList<Path>();
        var xdg = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (!xdg.isEmpty()) {
            candidates.add(Path.of(xdg, "xenolith"));
        } else if (System.getProperty("user.name").equals("root")) {
            candidates.add(Path.of("/run/xenolith"));
        }
        var home = Path.of(System.getProperty("user.home"), ".xenolith", "run");
        candidates.add(home);
        for (var candidate : candidates) {
            try {
                return open(candidate);
            } catch (IOException _) {
                continue;
            }
        }
        throw new ControlException("cannot write to the runtime directory " + home);
    }

    public static RuntimeDirectory open(Path root) throws IOException {
        var directory = new RuntimeDirectory(root);
        var onlyOwner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(directory.domains, onlyOwner);
        if (!Files.isWritable(directory.domains)) {
            throw new IOException("cannot write to " + directory.domains);
        }
        return directory;
    }

    public Path root() {
        return root;
    }

    public HypervisorLog log() {
        return new HypervisorLog(root.resolve("hypervisor.log"));
    }

    /// A domain's place, held until closed.
    public final class Registration implements AutoCloseable {
        private volatile DomainEntry entry;
        private final FileChannel lock;

        private Registration(DomainEntry entry, FileChannel lock) {
            this.entry = entry;
            this.lock = lock;
        }

        public DomainEntry entry() {
            return entry;
        }

        /// Gives the domain another name, which no other may have.
        public void rename(String name) throws ControlException {
            identify(name, entry.uuid());
        }

        /// Gives the domain another name and UUID, which no other may have.
        void identify(String name, UUID uuid) throws ControlException {
            locked(() -> {
                requireFree(name, sweep().stream().filter(other -> other.id() != entry.id()));
                entry = entry.identified(name, uuid);
                write(entry);
                return entry;
            });
        }

        /// The domain is gone: its name and its directory are free.
        @Override
        public void close() {
            try {
                delete(entry.directory());
                held.remove(entry.directory());
                lock.close();
            } catch (IOException _) {
                return; // swept away by the next `xl`
            }
        }
    }

    /// Takes the next free domain id for a domain of this name, held by this process.
    public Registration register(String name, UUID uuid, Clock clock) throws ControlException {
        return locked(() -> {
            var living = sweep();
            requireFree(name, living.stream());
            if (living.stream().anyMatch(entry -> entry.uuid().equals(uuid))) {
                throw new ControlException("a domain with UUID " + uuid + " exists");
            }
            if (living.size() >= DOMAINS_MAX) {
                throw new ControlException("there are " + DOMAINS_MAX + " domains already");
            }
            int id = nextId(living);
            return create(id, name, uuid, clock.wallNanos() / 1_000_000);
        });
    }

    /// The domains whose processes live, by id.
    public List<DomainEntry> list() throws ControlException {
        return locked(this::sweep);
    }

    /// The domain of this id or name.
    public DomainEntry find(String idOrName) throws ControlException {
        return list().stream()
                .filter(entry ->
                        entry.name().equals(idOrName)
                                || Integer.toString(entry.id()).equals(idOrName))
                .findFirst()
                .orElseThrow(() ->
                        new ControlException(
                                idOrName
                                        + " is an invalid domain identifier: there is no"
                                        + " such domain"));
    }

    // ---------------------------------------------------------------- under the lock

    private interface Work<T> {
        T run() throws IOException, ControlException;
    }

    private <T> T locked(Work<T> work) throws ControlException {
        withinProcess.lock();
        try (var channel =
                        FileChannel.open(
                                root.resolve(LOCK),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                var _ = channel.lock()) {
            return work.run();
        } catch (IOException e) {
            throw new ControlException("cannot use the runtime directory " + root + ": " + e, e);
        } finally {
            withinProcess.unlock();
        }
    }

    private Registration create(int id, String name, UUID uuid, long createdMillis)
            throws IOException {
        var directory = domains.resolve(Integer.toString(id));
        Files.createDirectory(directory);
        var lock =
                FileChannel.open(
                        directory.resolve(LOCK),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        lock.lock();
        held.add(directory);
        var entry =
                new DomainEntry(
                        id, name, uuid, ProcessHandle.current().pid(), createdMillis, directory);
        write(entry);
        return new Registration(entry, lock);
    }

    private static void requireFree(String name, Stream<DomainEntry> others)
            throws ControlException {
        if (others.anyMatch(entry -> entry.name().equals(name))) {
            throw new ControlException("a domain named \"" + name + "\" exists");
        }
    }

    private static void write(DomainEntry entry) throws IOException {
        var json =
                Json.object()
                        .put("domid", entry.id())
                        .put("name", entry.name())
                        .put("uuid", entry.uuid().toString())
                        .put("pid", entry.pid())
                        .put("created", entry.createdMillis());
        Files.writeString(entry.directory().resolve(ENTRY), json.toString());
    }

    private int nextId(List<DomainEntry> living) throws IOException {
        var file = root.resolve("next-domid");
        int id = 1;
        try {
            id = Integer.parseInt(Files.readString(file).strip());
        } catch (NoSuchFileException | NumberFormatException _) {
            id = 1;
        }
        for (int tries = 0; tries <= DOMAINS_MAX; tries++) {
            if (id < 1 || id > DomainId.MAX) {
                id = 1;
            }
            int candidate = id++;
            if (living.stream().noneMatch(entry -> entry.id() == candidate)) {
                Files.writeString(file, Integer.toString(id));
                return candidate;
            }
        }
        throw new IOException("no free domain id");
    }

    private List<DomainEntry> sweep() throws IOException {
        var living = new ArrayList<DomainEntry>();
        try (var directories = Files.newDirectoryStream(domains)) {
            for (var directory : directories) {
                if (!isHeld(directory)) {
                    delete(directory);
                } else {
                    read(directory).ifPresent(living::add);
                }
            }
        }
        living.sort(Comparator.comparingInt(DomainEntry::id));
        return living;
    }

    private boolean isHeld(Path directory) throws IOException {
        if (held.contains(directory)) {
            return true;
        }
        try (var channel = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.WRITE);
                var lock = channel.tryLock()) {
            return lock == null;
        } catch (NoSuchFileException _) {
            return false;
        }
    }

    private static Optional<DomainEntry> read(Path directory) throws IOException {
        try {
            return Json.parseObject(Files.readString(directory.resolve(ENTRY)))
                    .map(json ->
                            new DomainEntry(
                                    json.path("domid").asInt(),
                                    json.path("name").asText(),
                                    UUID.fromString(json.path("uuid").asText()),
                                    json.path("pid").asLong(),
                                    json.path("created").asLong(),
                                    directory));
        } catch (NoSuchFileException | IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.newDirectoryStream(directory)) {
            for (var file : files) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException _) {
            return;
        }
        Files.deleteIfExists(directory);
    }
}
