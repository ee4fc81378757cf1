package org.xenolith.board;

import org.xenolith.base.DomainId;
import org.xenolith.pv.block.VirtualDevice;
import org.xenolith.xen.ShutdownReason;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// A running domain, from creation to destruction; reboots included.
///
/// One thread reads one bounded queue of requests and changes the domain's life; every method may
/// be called from any thread and returns when its request has been carried out.
public final class Domain implements AutoCloseable {
    /// Requests that may wait at once; further callers wait for room.
    static final int REQUESTS_MAX = 64;

    /// How often one who waits for room looks whether the domain has ended.
    private static final long ROOM_MILLIS = 100;

    private sealed interface Request {
        record Pause(CompletableFuture<Void> done) implements Request {}

        record Unpause(CompletableFuture<Void> done) implements Request {}

        record Ask(ShutdownReason reason, CompletableFuture<Void> done) implements Request {}

        record Alter(Change change, CompletableFuture<Void> done) implements Request {}

        record Save(Saving saving, AfterSave after, CompletableFuture<Void> done)
                implements Request {}

        record Destroy() implements Request {}

        record Ended(Machine machine, ShutdownReason reason) implements Request {}
    }

    /// What is done to a domain's machine; returns what the domain is made of afterwards, and at
    /// its next boot.
    @FunctionalInterface
    interface Change {
        DomainConfig apply(Machine machine, DomainConfig before)
                throws DomainException, InterruptedException;
    }

    /// What is done to the disks of a machine; returns those that it has afterwards.
    @FunctionalInterface
    private interface DiskChange {
        List<DiskConfig> apply(Disks disks, List<DiskConfig> before) throws DomainException;
    }

    private final MachineBuilder builder;
    private final MachineBuilder.Surroundings surroundings;
    private final ArrayBlockingQueue<Request> requests = new ArrayBlockingQueue<>(REQUESTS_MAX);
    private final CompletableFuture<Optional<ShutdownReason>> ended = new CompletableFuture<>();
    private volatile CompletableFuture<Optional<ShutdownReason>> shutDown =
            new CompletableFuture<>();
    private volatile DomainConfig config;
    private volatile Machine machine;
    private volatile boolean paused;

    /// Who makes another domain of this one's configuration, for `rename-restart`.
    private volatile Optional<Consumer<DomainConfig>> successors = Optional.empty();

    /// What the domain is to be made of from its next boot on, if that is something else.
    private Optional<DomainConfig> next = Optional.empty();

    /// Why the domain is kept although its guest has shut down; null while it has not.
    private volatile ShutdownReason shutdown;

    private Domain(
            DomainConfig config,
            MachineBuilder builder,
            MachineBuilder.Surroundings surroundings,
            Machine first,
            boolean paused) {
        this.config = config;
        this.builder = builder;
        this.surroundings = surroundings;
        this.machine = first;
        this.paused = paused;
    }

    /// Builds the first machine and starts it.
    public static Domain start(
            DomainConfig config,
            MachineBuilder builder,
            MachineBuilder.Surroundings surroundings,
            boolean paused)
            throws DomainException {
        return start(config, builder, builder, surroundings, paused);
    }

    /// The same with a first machine that is made by another builder than those of later boots, as
    /// a restored one is.
    public static Domain start(
            DomainConfig config,
            MachineBuilder first,
            MachineBuilder builder,
            MachineBuilder.Surroundings surroundings,
            boolean paused)
            throws DomainException {
        var machine = first.build(config, surroundings);
        var domain = new Domain(config, builder, surroundings, machine, paused);
        domain.follow(machine);
        machine.start(paused);
        Thread.ofPlatform()
                .daemon()
                .name("domain-" + surroundings.id())
                .start(domain::serveRequests);
        return domain;
    }

    public DomainId id() {
        return surroundings.id();
    }

    /// What the domain is made of now, devices that were attached later included.
    public DomainConfig config() {
        return config;
    }

    /// The paravirtual console (`hvc0` in Linux).
    public Console console() {
        return surroundings.console();
    }

    /// The serial port (`ttyS0` in Linux).
    public Console serial() {
        return surroundings.serial();
    }

    public DomainLog log() {
        return surroundings.log();
    }

    public DomainState state() {
        if (ended.isDone()) {
            return DomainState.DYING;
        }
        var reason = shutdown;
        if (reason != null) {
            return reason == ShutdownReason.CRASH ? DomainState.CRASHED : DomainState.SHUTDOWN;
        }
        if (paused) {
            return DomainState.PAUSED;
        }
        var blocked = vcpus().stream().noneMatch(VcpuInfo::running);
        return blocked ? DomainState.BLOCKED : DomainState.RUNNING;
    }

    public List<VcpuInfo> vcpus() {
        return machine.processors().list();
    }

    /// The domain's memory. What is set stays over a reboot.
    public Balloon balloon() {
        return new LiveBalloon(this);
    }

    /// The domain's vCPUs. Which are online stays over a reboot.
    public Processors processors() {
        return new LiveProcessors(this);
    }

    /// The domain's keys and buttons.
    public Panel panel() {
        return new LivePanel(this);
    }

    /// Gives the domain another name.
    public void rename(String name) throws DomainException, InterruptedException {
        rename(name, config.uuid());
    }

    /// Gives the domain another name and UUID.
    public void rename(String name, UUID uuid) throws DomainException, InterruptedException {
        alter((running, before) -> {
            var renamed = before.withIdentity(name, uuid);
            running.rename(name);
            return renamed;
        });
    }

    /// Names who is to make another domain when this one is to be kept and restarted at once
    /// (`rename-restart`), and to give this one another name before that. It is told what of, must
    /// not wait, and finds this domain shut down and without devices, which the other may have.
    /// Without it the domain is restarted and not kept.
    public void onSuccession(Consumer<DomainConfig> maker) {
        successors = Optional.of(maker);
    }

    /// Replaces all but name and UUID of what the domain is made of, from its next boot on.
    public void updateConfig(DomainConfig other) throws DomainException, InterruptedException {
        alter((_, before) -> {
            next = Optional.of(other);
            return before;
        });
    }

    /// Writes the guest's memory and processors to a file, in the format of Xen's tools. The guest
    /// stands still meanwhile.
    public void dumpCore(Path file) throws DomainException, InterruptedException {
        alter((running, before) -> {
            running.dumpCore(file);
            return before;
        });
    }

    /// SHA-256, in hexadecimal, of all that the guest has in its memory and its processors but the
    /// time. Two deterministic domains that have done the same have the same.
    public String fingerprint() {
        return machine.fingerprint().join();
    }

    public void pause() throws InterruptedException {
        var done = new CompletableFuture<Void>();
        submit(new Request.Pause(done), done);
    }

    /// @throws DomainException if its devices cannot go on, as after a migration that failed
    public void unpause() throws DomainException, InterruptedException {
        var done = new CompletableFuture<Void>();
        await(new Request.Unpause(done), done);
    }

    /// Saves the machine while it stands still. If that fails it goes on as if nothing had been.
    ///
    /// @throws DomainException if it could not be saved, with the reason
    public void save(Saving saving, AfterSave after) throws DomainException, InterruptedException {
        var done = new CompletableFuture<Void>();
        await(new Request.Save(saving, after, done), done);
    }

    /// Asks the guest to shut down; [#ended] tells when it has.
    public void shutdown() throws InterruptedException {
        ask(ShutdownReason.POWEROFF);
    }

    /// Asks the guest to reboot.
    public void reboot() throws InterruptedException {
        ask(ShutdownReason.REBOOT);
    }

    /// The machine that there is now, for those who copy it while it runs; after a reboot there is
    /// another. Its life is the domain's.
    public Machine machine() {
        return machine;
    }

    /// Whether it has been paused by the operator.
    public boolean isPaused() {
        return paused;
    }

    /// The domain's network interfaces.
    public Interfaces interfaces() {
        return new LiveInterfaces(this);
    }

    // ---------------------------------------------------------------- disks

    /// The block devices that the domain has now.
    public List<DiskInfo> disks() {
        return machine.disks().list();
    }

    /// Plugs a disk in, which stays over a reboot.
    public void attachDisk(DiskConfig disk) throws DomainException, InterruptedException {
        changeDisks((disks, before) -> {
            disks.attach(disk);
            return with(before, disk);
        });
    }

    /// Unplugs a disk, see [Disks#detach]; waits for the guest unless `force`.
    public void detachDisk(VirtualDevice device, boolean force)
            throws DomainException, InterruptedException {
        machine.disks().detach(device, force);
        changeDisks((_, before) -> without(before, device));
    }

    /// Exchanges the disk in a CD-ROM drive, see [Disks#insert].
    public void insertDisk(DiskConfig drive) throws DomainException, InterruptedException {
        changeDisks((disks, before) -> {
            disks.insert(drive);
            return with(without(before, drive.device()), drive);
        });
    }

    /// Makes a disk longer while the guest uses it.
    public void growDisk(VirtualDevice device, long bytes)
            throws DomainException, InterruptedException {
        changeDisks((disks, before) -> {
            disks.grow(device, bytes);
            return before;
        });
    }

    private static List<DiskConfig> with(List<DiskConfig> disks, DiskConfig more) {
        return Stream.concat(disks.stream(), Stream.of(more)).toList();
    }

    private static List<DiskConfig> without(List<DiskConfig> disks, VirtualDevice device) {
        return disks.stream().filter(disk -> disk.device().number() != device.number()).toList();
    }

    private void changeDisks(DiskChange change) throws DomainException, InterruptedException {
        alter((running, before) -> before.withDisks(change.apply(running.disks(), before.disks())));
    }

    /// Has something done to the machine that there is when its turn comes.
    void alter(Change change) throws DomainException, InterruptedException {
        var done = new CompletableFuture<Void>();
        await(new Request.Alter(change, done), done);
    }

    private void await(Request request, CompletableFuture<Void> done)
            throws DomainException, InterruptedException {
        try {
            submit(request, done);
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case DomainException refused -> throw refused;
                case InvalidConfigException invalid -> throw invalid;
                default -> throw e;
            }
        }
        if (!done.isDone()) {
            throw new DomainException("the domain has ended");
        }
    }

    /// Ends the domain at once, whatever its guest is doing.
    public void destroy() throws InterruptedException {
        while (!ended.isDone() && !requests.offer(new Request.Destroy())) {
            requests.poll();
        }
        try {
            ended.get();
        } catch (ExecutionException e) {
            throw new CompletionException(e.getCause());
        }
    }

    /// Completes when the domain is gone: with the guest's reason, or empty if it was destroyed.
    public CompletableFuture<Optional<ShutdownReason>> ended() {
        return ended.copy();
    }

    /// Completes when the guest has shut down, whether the domain goes on or not: with its reason,
    /// or empty if the domain was destroyed. A domain that goes on with another boot has a new one.
    public CompletableFuture<Optional<ShutdownReason>> shutDown() {
        return shutDown.copy();
    }

    /// Destroys the domain if it is still there.
    @Override
    public void close() {
        try {
            destroy();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---------------------------------------------------------------- requests

    private void ask(ShutdownReason reason) throws InterruptedException {
        var done = new CompletableFuture<Void>();
        submit(new Request.Ask(reason, done), done);
    }

    /// Returns when the request is done, or needless since the domain has ended.
    private void submit(Request request, CompletableFuture<Void> done) throws InterruptedException {
        while (!ended.isDone()) {
            if (requests.offer(request, ROOM_MILLIS, TimeUnit.MILLISECONDS)) {
                CompletableFuture.anyOf(done, ended).join();
                return;
            }
        }
    }

    private void follow(Machine started) {
        started.ended()
                .whenComplete((reason, failure) -> {
                    if (failure != null) {
                        log().add("machine stopped, an invariant is broken: " + failure);
                    }
                    var why = failure == null ? reason : ShutdownReason.CRASH;
                    putEnded(new Request.Ended(started, why));
                });
    }

    private void putEnded(Request.Ended request) {
        try {
            requests.put(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serveRequests() {
        try {
            var result = Optional.<ShutdownReason>empty();
            boolean alive = true;
            while (alive) {
                switch (requests.take()) {
                    case Request.Pause(var done) -> {
                        if (shutdown == null && !paused) {
                            machine.pause().join();
                            paused = true;
                        }
                        done.complete(null);
                    }
                    case Request.Unpause(var done) -> unpause(done);
                    case Request.Ask(var reason, var done) -> {
                        if (shutdown == null) {
                            machine.requestShutdown(reason);
                        }
                        done.complete(null);
                    }
                    case Request.Alter(var change, var done) -> apply(change, done);
                    case Request.Save save -> alive = !save(save);
                    case Request.Destroy() -> alive = false;
                    case Request.Ended(var which, var reason) -> {
                        if (which == machine && !afterShutdown(reason)) {
                            result = Optional.of(reason);
                            alive = false;
                        }
                    }
                }
            }
            finish(result);
        } catch (InterruptedException e) {
            finish(Optional.empty());
        } catch (RuntimeException e) {
            log().add("domain stopped, an invariant is broken: " + e);
            finish(Optional.of(ShutdownReason.CRASH));
            throw e;
        }
    }

    private void unpause(CompletableFuture<Void> done) {
        try {
            if (shutdown == null && paused) {
                machine.goOn();
                machine.unpause().join();
                paused = false;
            }
            done.complete(null);
        } catch (DomainException e) {
            done.completeExceptionally(e);
        }
    }

    private void apply(Change change, CompletableFuture<Void> done) throws InterruptedException {
        try {
            config = change.apply(machine, config);
            done.complete(null);
        } catch (DomainException | InvalidConfigException e) {
            done.completeExceptionally(e);
        }
    }

    /// Returns whether the domain is to end.
    private boolean save(Request.Save request) {
        if (shutdown != null) {
            request.done.completeExceptionally(new DomainException("the guest has shut down"));
            return false;
        }
        boolean wasPaused = paused;
        machine.pause().join();
        paused = true;
        var failure = failureOf(request.saving);
        if (failure.isEmpty() && request.after == AfterSave.DESTROY) {
            request.done.complete(null);
            return true;
        }
        boolean goesOn =
                !wasPaused && !(failure.isEmpty() && request.after == AfterSave.STAY_PAUSED);
        var worse = goOn(goesOn);
        if (worse.isPresent()) {
            failure.ifPresent(worse.get()::addSuppressed);
            request.done.completeExceptionally(worse.get());
        } else if (failure.isPresent()) {
            request.done.completeExceptionally(failure.get());
        } else {
            request.done.complete(null);
        }
        return false;
    }

    private Optional<DomainException> failureOf(Saving saving) {
        try {
            saving.save(machine);
            return Optional.empty();
        } catch (DomainException e) {
            return Optional.of(e);
        } catch (IOException e) {
            return Optional.of(new DomainException(reason(e), e));
        }
    }

    /// After a save. A machine that cannot go on stays paused.
    private Optional<DomainException> goOn(boolean running) {
        try {
            machine.goOn();
        } catch (DomainException e) {
            log().add("domain stays paused: " + e.getMessage());
            return Optional.of(e);
        }
        if (running) {
            machine.unpause().join();
            paused = false;
        }
        return Optional.empty();
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private void finish(Optional<ShutdownReason> reason) {
        try {
            machine.close();
        } finally {
            console().close();
            serial().close();
            shutDown.complete(reason);
            ended.complete(reason);
        }
    }

    /// Whether the domain goes on after its guest has shut down.
    private boolean afterShutdown(ShutdownReason reason) throws InterruptedException {
        var action = config.actions().after(reason);
        log().add(
                        "domain has shut down, reason %d (%s); action: %s"
                                .formatted(
                                        reason.code(),
                                        reason.name().toLowerCase(Locale.ROOT),
                                        action.word()));
        shutDown.complete(Optional.of(reason));
        return switch (action) {
            case DESTROY -> false;
            case PRESERVE -> {
                shutdown = reason;
                yield true;
            }
            case RESTART, SOFT_RESET -> restart();
            case RENAME_RESTART ->
                    successors.isEmpty() ? restart() : succeed(successors.get(), reason);
            case COREDUMP_DESTROY -> {
                dumpShutDown();
                yield false;
            }
            case COREDUMP_RESTART -> {
                dumpShutDown();
                yield restart();
            }
        };
    }

    private boolean succeed(Consumer<DomainConfig> maker, ShutdownReason reason)
            throws InterruptedException {
        shutdown = reason;
        var successor = nextConfig();
        try {
            for (var disk : machine.disks().list()) {
                machine.disks().detach(disk.config().device(), true);
            }
            for (var vif : machine.interfaces().list()) {
                machine.interfaces().detach(vif.config().devid().orElseThrow(), true);
            }
            config = config.withDisks(List.of()).withVifs(List.of());
            maker.accept(successor);
        } catch (DomainException e) {
            log().add("cannot restart: " + e.getMessage());
        }
        return true;
    }

    /// What cannot be written is said, and the domain goes its way.
    private void dumpShutDown() {
        var file = surroundings.dumps().resolve(config.name());
        log().add("dumping core to " + file);
        try {
            Files.createDirectories(surroundings.dumps());
            machine.dumpCore(file);
        } catch (DomainException | IOException e) {
            log().add("no core file: " + e.getMessage());
        }
    }

    /// What the next boot is of.
    private DomainConfig nextConfig() {
        var before = config;
        var after =
                next.map(other -> other.withIdentity(before.name(), before.uuid())).orElse(before);
        next = Optional.empty();
        return after;
    }

    private boolean restart() {
        machine.close();
        try {
            config = nextConfig();
            var built = builder.build(config, surroundings);
            machine = built;
            paused = false;
            shutDown = new CompletableFuture<>();
            follow(built);
            built.start(false);
            return true;
        } catch (DomainException e) {
            log().add("cannot restart: " + e.getMessage());
            return false;
        }
    }
}
