package org.xenolith.pv.xenbus;

import org.xenolith.device.Worker;
import org.xenolith.device.Workers;
import org.xenolith.xenstore.Access;
import org.xenolith.xenstore.Permissions;
import org.xenolith.xenstore.StoreWatch;
import org.xenolith.xenstore.XenStore;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

/// The back end's side of one device on the xenbus: follows the state of the front end and has the
/// device connect and let go. Serves every kind of device.
///
/// ```
///   front end                          back end
///   Initialising                       Initialising ── offer() ──► InitWait
///   Initialised, Connected   ────────► InitWait ── connect() ────► Connected
///   Closing                  ────────► any ──────────────────────► Closing
///   Closed, gone             ────────► any ── disconnect() ──────► Closed
///   Initialising             ────────► Closed, Connected ────────► InitWait
/// ```
///
/// The last line is a driver that is loaded again, or a kernel that was started by another. What
/// the front end writes that leads nowhere from where we are is waited out; nothing that it writes
/// in any order does more than that. After a refused connection the state is Closing until the
/// front end has closed, as with Linux' back ends.
///
/// All that a back end is, beside what its device has under way, is in the store: one that is
/// paused leaves nothing half done there, and another takes over from it ([#takeOver]).
///
/// May be used from any thread.
public final class XenbusBackend implements AutoCloseable {
    /// How often the device is asked for changes.
    private static final long PERIOD_NANOS = 1_000_000_000L;

    private final XenStore store;
    private final XenbusPaths paths;
    private final XenbusDevice device;
    private final LimitedLog log;
    private final CompletableFuture<Void> unplugged = new CompletableFuture<>();
    private final Worker worker;
    private final StoreWatch watch;

    /// The worker's own.
    private XenbusState state = XenbusState.INITIALISING;

    private volatile XenbusState published = XenbusState.INITIALISING;

    /// The operator wants the device to go.
    private volatile boolean unplugging;

    /// Held while the worker makes a step.
    private final ReentrantLock turn = new ReentrantLock();

    private volatile boolean paused = true;

    /// Writes the nodes of both ends and begins to serve.
    ///
    /// @param backend nodes of the back end that the tools know: `mode`, `params`, ...
    /// @param frontend nodes of the front end: `virtual-device`, ...
    /// @param log told of connections that are refused
    public XenbusBackend(
            XenStore store,
            XenbusPaths paths,
            Map<String, String> backend,
            Map<String, String> frontend,
            XenbusDevice device,
            Workers workers,
            LimitedLog log) {
        this(store, paths, device, workers, log);
        writeNodes(backend, frontend);
        resume();
    }

    /// Paused, so that the worker sees nothing half made.
    private XenbusBackend(
            XenStore store,
            XenbusPaths paths,
            XenbusDevice device,
            Workers workers,
            LimitedLog log) {
        this.store = store;
        this.paths = paths;
        this.device = device;
        this.log = log;
        worker = workers.periodic("xenbus-" + name(), PERIOD_NANOS, this::stepInTurn);
        watch = store.watch(paths.frontendPath() + "/state", _ -> worker.wake());
    }

    /// Goes on where another back end, which was paused and is gone, left the store; connects at
    /// once if that one was connected, and the front end does not notice.
    ///
    /// @throws XenbusException if the device cannot connect again; nothing is left behind
    public static XenbusBackend takeOver(
            XenStore store, XenbusPaths paths, XenbusDevice device, Workers workers, LimitedLog log)
            throws XenbusException {
        var backend = new XenbusBackend(store, paths, device, workers, log);
        try {
            backend.goOn();
        } catch (XenbusException e) {
            backend.watch.close();
            backend.worker.close();
            throw e;
        }
        backend.resume();
        return backend;
    }

    private void goOn() throws XenbusException {
        state = XenbusState.of(store.read(paths.backendPath() + "/state"));
        published = state;
        unplugging = store.read(paths.backendPath() + "/online").equals(Optional.of("0"));
        if (state == XenbusState.CONNECTED) {
            var nodes = new TreeMap<>(device.connect(frontend()));
            nodes.entrySet().removeIf(this::isTold);
            tell(nodes);
        }
    }

    private boolean isTold(Map.Entry<String, String> node) {
        return store.read(paths.backendPath() + "/" + node.getKey())
                .equals(Optional.of(node.getValue()));
    }

    /// The numbers of the devices that the store knows, of the frontend and kind of `any`.
    public static List<String> known(XenStore store, XenbusPaths any) {
        return store.list(any.backendsPath());
    }

    /// Whether the store knows a device at `paths`.
    public static boolean exists(XenStore store, XenbusPaths paths) {
        return store.exists(paths.backendPath());
    }

    private String name() {
        return paths.kind() + "-" + paths.number();
    }

    /// As libxl lays them out: each end may read the other's, and writes its own. The back end's
    /// are there first.
    private void writeNodes(Map<String, String> backend, Map<String, String> frontend) {
        int guest = paths.frontend().value();
        makeDirectory(paths.backendPath(), Permissions.ownedBy(0).with(guest, Access.READ));
        var back = new TreeMap<>(backend);
        back.put("frontend", paths.frontendPath());
        back.put("frontend-id", paths.frontend().toString());
        back.put("online", "1");
        back.put("state", XenbusState.INITIALISING.text());
        write(paths.backendPath(), back);
        makeDirectory(paths.frontendPath(), Permissions.ownedBy(guest).with(0, Access.READ));
        var front = new TreeMap<>(frontend);
        front.put("backend", paths.backendPath());
        front.put("backend-id", "0");
        front.put("state", XenbusState.INITIALISING.text());
        write(paths.frontendPath(), front);
    }

    private void makeDirectory(String path, Permissions permissions) {
        store.remove(path);
        store.makeDirectory(path);
        store.setPermissions(path, permissions);
    }

    private void write(String path, Map<String, String> nodes) {
        var values = new TreeMap<String, String>();
        nodes.forEach((name, value) -> values.put(path + "/" + name, value));
        store.writeAll(values);
    }

    /// The state that the back end has published last.
    public XenbusState state() {
        return published;
    }

    /// What the front end has published.
    public FrontendNodes frontend() {
        return new FrontendNodes(store, paths.frontendPath());
    }

    /// The number that the front end has published as the first of these nodes that is there; -1 if
    /// there is none, or none that counts.
    public int published(String... names) {
        for (var name : names) {
            try {
                var number = frontend().number(name, Integer.MAX_VALUE);
                if (number.isPresent()) {
                    return number.get();
                }
            } catch (XenbusException _) {
                return -1;
            }
        }
        return -1;
    }

    /// Something about the device has changed; its [XenbusDevice#changes] are looked at soon.
    public void deviceChanged() {
        worker.wake();
    }

    /// Asks the front end to let go of the device. The future completes when it has, or had not
    /// taken it; [#close] may follow at any time.
    public CompletableFuture<Void> unplug() {
        unplugging = true;
        store.write(paths.backendPath() + "/online", "0");
        worker.wake();
        return unplugged.copy();
    }

    /// Returns when nothing more comes from here; changes of the front end are held until
    /// [#resume].
    public void pause() {
        paused = true;
        turn.lock();
        turn.unlock();
    }

    public void resume() {
        paused = false;
        worker.wake();
    }

    /// Lets go of all that is the guest's, whatever the front end says, and removes the nodes of
    /// both ends.
    @Override
    public void close() {
        release();
        store.remove(paths.frontendPath());
        store.remove(paths.backendPath());
    }

    /// The same, but for the nodes: the whole store goes.
    public void release() {
        watch.close();
        worker.close();
        device.disconnect();
        unplugged.complete(null);
    }

    // ---------------------------------------------------------------- the worker

    private void stepInTurn() {
        turn.lock();
        try {
            if (!paused) {
                step();
            }
        } finally {
            turn.unlock();
        }
    }

    private void step() {
        var frontend = XenbusState.of(store.read(paths.frontendPath() + "/state"));
        switch (frontend) {
            case INITIALISING -> frontendInitialising();
            case INITIALISED, CONNECTED -> frontendReady();
            case CLOSING -> frontendClosing();
            case CLOSED, UNKNOWN -> closed();
            // Of these the front end goes on to Connected by itself.
            case INIT_WAIT, RECONFIGURING, RECONFIGURED -> {}
        }
        if (unplugging) {
            pullPlug();
        }
    }

    private void frontendInitialising() {
        if (unplugging) {
            return;
        }
        switch (state) {
            case INITIALISING, CLOSED -> offer();
            case CONNECTED -> {
                device.disconnect();
                offer();
            }
            // A refused connection ends when the front end has closed.
            case CLOSING, INIT_WAIT -> {}
            case UNKNOWN, INITIALISED, RECONFIGURING, RECONFIGURED -> {}
        }
    }

    private void offer() {
        write(paths.backendPath(), device.offer());
        moveTo(XenbusState.INIT_WAIT);
    }

    private void frontendReady() {
        switch (state) {
            case INITIALISING, INIT_WAIT -> connect();
            case CONNECTED -> tellChanges();
            case CLOSING, CLOSED -> {}
            case UNKNOWN, INITIALISED, RECONFIGURING, RECONFIGURED -> {}
        }
    }

    private void connect() {
        try {
            write(paths.backendPath(), device.connect(frontend()));
            moveTo(XenbusState.CONNECTED);
        } catch (XenbusException e) {
            log.accept("cannot connect " + name() + ": " + e.getMessage());
            moveTo(XenbusState.CLOSING);
        }
    }

    private void tellChanges() {
        tell(device.changes());
    }

    private void tell(Map<String, String> changes) {
        if (!changes.isEmpty()) {
            write(paths.backendPath(), changes);
            moveTo(XenbusState.CONNECTED); // anew: this is what the front end watches
        }
    }

    private void frontendClosing() {
        if (state != XenbusState.CLOSING && state != XenbusState.CLOSED) {
            moveTo(XenbusState.CLOSING);
        }
    }

    private void closed() {
        device.disconnect();
        if (state != XenbusState.CLOSED) {
            moveTo(XenbusState.CLOSED);
        }
    }

    /// Nobody uses what is not connected; whoever is connected is asked first.
    private void pullPlug() {
        switch (state) {
            case CONNECTED -> moveTo(XenbusState.CLOSING);
            case CLOSING -> {} // until the front end has closed
            case INITIALISING, INIT_WAIT -> closed();
            case CLOSED -> {}
            case UNKNOWN, INITIALISED, RECONFIGURING, RECONFIGURED -> {}
        }
        if (state == XenbusState.CLOSED) {
            unplugged.complete(null);
        }
    }

    private void moveTo(XenbusState next) {
        state = next;
        published = next;
        store.write(paths.backendPath() + "/state", next.text());
    }
}
