package org.xenolith.xenstore;

import org.xenolith.base.Bug;
import org.xenolith.base.DomainId;
import org.xenolith.device.Device;
import org.xenolith.device.Lifecycle;
import org.xenolith.device.Migratability;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The xenstore: a tree of small values through which guests, back ends and tools talk
/// (docs/misc/xenstore.txt in the Xen tree).
///
/// Guests come through a [StoreRing], clients of the wire protocol through a [StoreConnection], and
/// the code of this process, as the control domain, through the methods here. These throw
/// `IllegalArgumentException` for a path or value that the protocol does not know; nothing else can
/// go wrong.
///
/// May be called from any thread. One lock guards everything; guests are signalled and listeners
/// called when it is free.
public final class XenStore implements Device<StoreState>, Lifecycle {
    private final ReentrantLock lock = new ReentrantLock();
    private final StoreCore core = new StoreCore();
    private final Map<Integer, StoreRing> rings = new TreeMap<>();

    private boolean paused;
    private CompletableFuture<Void> whenPaused = new CompletableFuture<>();

    /// Threads that still have calls to make.
    private int delivering;

    // ---------------------------------------------------------------- domains and clients

    /// Begins to serve `domain` and tells the watchers of `@introduceDomain`. What the rings hold
    /// already is left alone, so that a restored guest goes on where it was.
    ///
    /// @param gfn guest frame of the shared page (`HVM_PARAM_STORE_PFN`)
    /// @param notifyGuest raises the store's event channel in the guest; called with no lock held
    /// @throws IllegalStateException if the domain is being served already
    public StoreRing introduce(
            DomainId domain, GuestMemory memory, long gfn, Runnable notifyGuest) {
        return perform(() -> {
            if (rings.containsKey(domain.value())) {
                throw new IllegalStateException("domain " + domain + " is in the store already");
            }
            var ring = new StoreRing(this, core, domain.value(), memory, gfn, notifyGuest);
            rings.put(domain.value(), ring);
            core.introduce(domain.value(), ring.connection());
            ring.attach();
            return ring;
        });
    }

    /// The domain is gone: removes its nodes, drops it from the permissions of others and tells the
    /// watchers of `@releaseDomain`. Does nothing for a domain that is not being served.
    public void release(DomainId domain) {
        perform(() -> {
            core.releaseIfIntroduced(domain.value());
            return null;
        });
    }

    /// The domain has shut down or crashed, but is still there: tells the watchers of
    /// `@releaseDomain`, once.
    public void shutDown(DomainId domain) {
        perform(() -> {
            core.shutDown(domain.value());
            return null;
        });
    }

    public boolean isIntroduced(DomainId domain) {
        return perform(() -> core.domains.containsKey(domain.value()));
    }

    /// A new client of the control domain.
    ///
    /// @param onOutput told when there are watch events to receive; called with no lock held
    public StoreConnection connect(Runnable onOutput) {
        return perform(() -> {
            var connection = new Connection(0, onOutput);
            core.sockets.add(connection);
            return new StoreConnection(this, core, connection);
        });
    }

    // ---------------------------------------------------------------- for this process

    /// The value at `path` as text in UTF-8; empty if there is no such node.
    public Optional<String> read(String path) {
        return readBytes(path).map(value -> new String(value.toArray(), StandardCharsets.UTF_8));
    }

    public Optional<Bytes> readBytes(String path) {
        return find(path).map(Node::value);
    }

    /// The names of the nodes directly below `path`, in order; none if there is no such node.
    public List<String> list(String path) {
        return find(path).map(node -> node.children().names()).orElse(List.of());
    }

    /// Whether there is a node at `path`.
    public boolean exists(String path) {
        return find(path).isPresent();
    }

    public Optional<Permissions> permissions(String path) {
        return find(anyPath(path)).map(Node::permissions);
    }

    private Optional<Node> find(String path) {
        return find(nodePath(path));
    }

    private Optional<Node> find(StorePath where) {
        return perform(() -> Optional.ofNullable(core.tree.find(where)));
    }

    /// Gives the node at `path` a value, in UTF-8; makes it and its missing parents, which inherit
    /// the permissions of the nearest node above.
    public void write(String path, String value) {
        write(path, Bytes.of(value.getBytes(StandardCharsets.UTF_8)));
    }

    public void write(String path, Bytes value) {
        apply(writing(path, value));
    }

    /// Writes all of `values`, by path, in one step: nobody sees some without the others.
    public void writeAll(Map<String, String> values) {
        var edits = new ArrayList<Edit>();
        values.forEach((path, value) ->
                edits.add(writing(path, Bytes.of(value.getBytes(StandardCharsets.UTF_8)))));
        perform(() -> {
            edits.forEach(this::applyLocked);
            return null;
        });
    }

    /// Makes the node at `path`, and its missing parents, if it is not there.
    public void makeDirectory(String path) {
        apply(new Edit.MakeDirectory(nodePath(path)));
    }

    /// Removes the node at `path`, and all below it, if it is there.
    public void remove(String path) {
        var where = nodePath(path);
        if (where.isRoot()) {
            throw new IllegalArgumentException("the root of the store cannot be removed");
        }
        perform(() -> {
            if (core.tree.find(where) != null) {
                applyLocked(new Edit.Remove(where));
            }
            return null;
        });
    }

    /// Sets who may use the node at `path`, or who is told of a special event.
    ///
    /// @return whether there is such a node
    public boolean setPermissions(String path, Permissions permissions) {
        var edit = new Edit.SetPermissions(anyPath(path), permissions);
        return perform(() ->
                switch (core.apply(edit)) {
                    case Outcome.Done<Tree> done -> true;
                    case Outcome.Refused<Tree> refused -> false;
                });
    }

    /// Tells `listener` of every change at or below `path`, or of the special event
    /// `@introduceDomain` or `@releaseDomain`; and once at the beginning.
    public StoreWatch watch(String path, StoreListener listener) {
        var watch = new Watch(anyPath(path), "", Watch.ANY_DEPTH, "");
        var subscription = new StoreCore.Subscription(watch, listener);
        perform(() -> {
            core.subscribe(subscription);
            return null;
        });
        return () ->
                perform(() -> {
                    core.unsubscribe(subscription);
                    return null;
                });
    }

    private static Edit writing(String path, Bytes value) {
        if (value.length() > Message.PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a value of " + value.length() + " bytes for " + path + " is too long");
        }
        return new Edit.Write(nodePath(path), value);
    }

    private static StorePath anyPath(String path) {
        return new StorePath(path);
    }

    private static StorePath nodePath(String path) {
        var parsed = anyPath(path);
        if (parsed.isSpecial()) {
            throw new IllegalArgumentException("\"" + path + "\" is not the path of a node");
        }
        return parsed;
    }

    private void apply(Edit edit) {
        perform(() -> {
            applyLocked(edit);
            return null;
        });
    }

    private void applyLocked(Edit edit) {
        switch (core.apply(edit)) {
            case Outcome.Done<Tree> done -> {}
            case Outcome.Refused<Tree>(var error) ->
                    throw new Bug("the control domain was refused " + edit.path() + ": " + error);
        }
    }

    // ---------------------------------------------------------------- the lock

    /// Does `work` with the lock held, then makes the calls that came of it without.
    <T> T perform(Supplier<T> work) {
        T result;
        Set<Runnable> due;
        lock.lock();
        try {
            result = work.get();
            detachReleased();
            due = core.takeDeliveries();
            if (due.isEmpty()) {
                return result;
            }
            delivering++;
        } finally {
            lock.unlock();
        }
        try {
            due.forEach(Runnable::run);
        } finally {
            delivered();
        }
        return result;
    }

    private void detachReleased() {
        if (rings.size() > core.domains.size()) {
            rings.forEach((domain, ring) -> {
                if (!core.domains.containsKey(domain)) {
                    ring.detach();
                }
            });
            rings.keySet().retainAll(core.domains.keySet());
        }
    }

    private void delivered() {
        CompletableFuture<Void> waiting;
        lock.lock();
        try {
            delivering--;
            waiting = paused && delivering == 0 ? whenPaused : null;
        } finally {
            lock.unlock();
        }
        if (waiting != null) {
            waiting.complete(null);
        }
    }

    /// Called with the lock held.
    boolean isPaused() {
        return paused;
    }

    // ---------------------------------------------------------------- state

    @Override
    public StoreState capture() {
        return perform(() -> StoreStates.capture(core));
    }

    /// The domains of `state` must have been introduced; what they had under way is replaced.
    @Override
    public void restore(StoreState state) {
        perform(() -> {
            StoreStates.restore(state, core);
            return null;
        });
    }

    @Override
    public StateCodec<StoreState> codec() {
        return StoreState.CODEC;
    }

    @Override
    public Migratability migratability() {
        return new Migratability.Migratable();
    }

    // ---------------------------------------------------------------- life

    @Override
    public void start() {
        serveAll();
    }

    /// Guests' rings rest. The methods for this process go on; what they tell guests is held.
    @Override
    public void pause() {
        CompletableFuture<Void> waiting;
        lock.lock();
        try {
            if (!paused) {
                paused = true;
                whenPaused = new CompletableFuture<>();
            }
            waiting = delivering == 0 ? whenPaused : null;
        } finally {
            lock.unlock();
        }
        if (waiting != null) {
            waiting.complete(null);
        }
    }

    @Override
    public CompletableFuture<Void> paused() {
        return perform(() -> whenPaused);
    }

    @Override
    public void resume() {
        perform(() -> paused = false);
        serveAll();
    }

    private void serveAll() {
        perform(() -> List.copyOf(rings.values())).forEach(StoreRing::notified);
    }

    /// Forgets what the guests have under way; the tree stays, which belongs to the tools.
    @Override
    public void reset() {
        perform(() -> {
            core.domains.values().forEach(domain -> domain.connection.reset());
            return null;
        });
    }

    @Override
    public void halt() {
        perform(() -> {
            rings.values().forEach(StoreRing::detach);
            return null;
        });
    }
}
