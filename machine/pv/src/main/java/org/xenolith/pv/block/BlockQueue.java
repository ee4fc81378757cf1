package org.xenolith.pv.block;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.device.Worker;
import org.xenolith.device.Workers;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.block.BlockRequest.Kind;
import org.xenolith.pv.xenbus.LimitedLog;
import org.xenolith.pv.xenbus.XenbusException;
import org.xenolith.xen.BackendChannel;
import org.xenolith.xen.GrantMapping;
import org.xenolith.xen.XenDomain;
import org.xenolith.xen.abi.Abi;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;

/// One ring of a connected block device, its event channel and its requests.
///
/// While requests are prompt ([Promptness]), the vCPU that notifies of them performs them itself.
/// Else a worker takes them out of the ring, and each is performed by a thread of its own, so that
/// they overtake each other, with two exceptions: a flush waits for the writes before it, and a
/// barrier waits for everything before it while everything behind waits for the barrier. At most
/// [#UNDER_WAY_MAX] are under way, and no more than there are [BlockBuffers]; the others stay in
/// the ring.
final class BlockQueue implements AutoCloseable {
    /// Requests under way at a time.
    static final int UNDER_WAY_MAX = 32;

    /// What a front end has published for one ring.
    ///
    /// @param port of its event channel
    /// @param references grants of the ring's pages, in order
    record Published(int port, List<Integer> references) {
        Published {
            references = List.copyOf(references);
        }
    }

    /// What all rings of a device share.
    ///
    /// @param abi which layout the front end's requests have
    /// @param persistent it uses its grants again
    record Shared(
            String name,
            XenDomain domain,
            GuestMemory memory,
            Workers workers,
            Drive drive,
            BlockBuffers buffers,
            BlockCounters counters,
            Clock clock,
            LimitedLog log,
            boolean discards,
            Abi abi,
            boolean persistent) {}

    private final Shared shared;
    private final List<GrantMapping> ringPages;
    private final GrantedPages pages;
    private final BlockRing ring;
    private final RequestParser parser;
    private final RequestPerformer performer;
    private final Semaphore slots = new Semaphore(UNDER_WAY_MAX);

    /// Writes that have been taken from the ring and not been answered.
    private final Set<CompletableFuture<Void>> writes = ConcurrentHashMap.newKeySet();

    private final Worker worker;
    private volatile BackendChannel channel;
    private volatile boolean closing;

    /// Held by whoever takes requests from the ring.
    private final ReentrantLock turn = new ReentrantLock();

    private volatile boolean paused;

    /// Taken from the ring, and left to the worker to begin. Under [#turn].
    private BlockRequest postponed;

    private final Promptness promptness;

    private BlockQueue(Shared shared, List<GrantMapping> ringPages) {
        this.shared = shared;
        this.ringPages = ringPages;
        this.pages = new GrantedPages(shared.domain, shared.persistent);
        this.ring =
                new BlockRing(
                        shared.memory,
                        ringPages.stream().map(GrantMapping::gfn).toList(),
                        shared.abi);
        this.parser = new RequestParser(shared.memory, pages, shared.abi);
        this.performer = new RequestPerformer(shared.memory, pages, shared.drive, shared.discards);
        this.promptness = new Promptness(shared.clock);
        this.worker = shared.workers.worker(shared.name, this::serve);
    }

    /// Maps the ring and begins to serve it. Nothing is left behind if it throws.
    static BlockQueue connect(Shared shared, Published published) throws XenbusException {
        var ringPages = new ArrayList<GrantMapping>();
        try {
            for (int reference : published.references) {
                ringPages.add(
                        shared.domain
                                .mapGrant(DomainId.CONTROL, reference, true)
                                .orElseThrow(() -> notGranted(reference)));
            }
        } catch (XenbusException e) {
            ringPages.forEach(GrantMapping::close);
            throw e;
        }
        var queue = new BlockQueue(shared, ringPages);
        if (queue.ring.waiting() < 0) {
            queue.close();
            throw new XenbusException("the ring's indices are impossible");
        }
        var channel = shared.domain.connectBackend(published.port, queue::notified);
        if (channel.isEmpty()) {
            queue.close();
            throw new XenbusException(
                    "event-channel %d does not wait for us".formatted(published.port));
        }
        queue.channel = channel.get();
        queue.worker.wake();
        return queue;
    }

    private static XenbusException notGranted(int reference) {
        return new XenbusException(
                "ring-ref %s is not granted".formatted(Integer.toUnsignedString(reference)));
    }

    /// Takes no more requests, and returns when those that were taken have been answered: the ring
    /// is such that another can take it over.
    void pause() {
        paused = true;
        awaitTurn();
        slots.acquireUninterruptibly(UNDER_WAY_MAX);
    }

    /// Only when paused.
    void resume() {
        paused = false;
        slots.release(UNDER_WAY_MAX);
        worker.wake();
    }

    /// Answers what is under way, takes no more, and gives everything of the guest's back.
    @Override
    public void close() {
        closing = true;
        worker.close();
        awaitTurn();
        if (!paused) {
            slots.acquireUninterruptibly(UNDER_WAY_MAX);
        }
        if (channel != null) {
            channel.close();
        }
        pages.close();
        ringPages.forEach(GrantMapping::close);
    }

    // ---------------------------------------------------------------- the worker

    private void serve() {
        turn.lock();
        try {
            takeRequests();
        } finally {
            turn.unlock();
        }
    }

    /// The front end has put requests into the ring. On the thread of the vCPU that says so, and
    /// under no lock.
    private void notified() {
        boolean done = false;
        if (mayPerformHere() && turn.tryLock()) {
            try {
                done = performPrompt();
            } finally {
                turn.unlock();
            }
        }
        if (!done) {
            worker.wake();
        }
    }

    private boolean mayPerformHere() {
        return promptness.isExpected()
                && shared.workers.mayBeDoneByCaller()
                && shared.drive.isVectored();
    }

    /// Performs what waits in the ring, as long as that is prompt. False if something is left for
    /// the worker.
    private boolean performPrompt() {
        if (postponed != null || !isServing()) {
            return false;
        }
        long begin = promptness.begin();
        int waiting = ring.waitingAfterAsking();
        while (waiting > 0
                && isServing()
                && shared.workers.mayBeDoneByCaller()
                && promptness.allowsMore(begin)) {
            var request = parser.parse(ring.take());
            if (!performAtOnce(request)) {
                postponed = request;
                return false;
            }
            waiting = ring.waitingAfterAsking();
        }
        return waiting == 0;
    }

    /// False if it has not been performed, since something would have to be waited for.
    private boolean performAtOnce(BlockRequest request) {
        if (!(request instanceof BlockRequest.Transfer transfer)
                || !transfer.kind().onlyMoves()
                || !slots.tryAcquire()) {
            return false;
        }
        try {
            var passage = shared.buffers.takeNow();
            if (passage.isEmpty()) {
                return false;
            }
            try {
                long begin = promptness.begin();
                var status = performer.performAtOnce(transfer, passage.get());
                promptness.ended(begin, status.isPresent());
                if (status.isEmpty()) {
                    return false;
                }
                complete(request, status.get());
                return true;
            } finally {
                shared.buffers.give(passage.get());
            }
        } finally {
            slots.release();
        }
    }

    private boolean isServing() {
        return !closing && !paused && shared.drive.takesMore();
    }

    private void takeRequests() {
        if (!isServing()) {
            return;
        }
        beginPostponed();
        int waiting = ring.waitingAfterAsking();
        while (waiting > 0 && isServing()) {
            for (int count = waiting; count > 0 && isServing(); count--) {
                begin(parser.parse(ring.take()));
            }
            waiting = ring.waitingAfterAsking();
        }
        if (waiting < 0) {
            shared.log.accept(shared.name + ": an impossible index of requests");
        }
    }

    /// Returns when nobody takes requests any more, which is for the caller to have seen to, and
    /// all that were taken have been begun.
    private void awaitTurn() {
        turn.lock();
        try {
            beginPostponed();
        } finally {
            turn.unlock();
        }
    }

    private void beginPostponed() {
        if (postponed != null) {
            begin(postponed);
            postponed = null;
        }
    }

    private void begin(BlockRequest request) {
        switch (request) {
            case BlockRequest.Refused refused -> complete(refused, refused.status());
            case BlockRequest.Discard discard -> write(discard);
            case BlockRequest.Transfer transfer -> {
                switch (transfer.kind()) {
                    case READ -> perform(transfer, List.of());
                    case WRITE -> write(transfer);
                    case FLUSH -> perform(transfer, List.copyOf(writes));
                    case BARRIER -> performAlone(transfer);
                }
            }
        }
    }

    private void write(BlockRequest request) {
        var written = new CompletableFuture<Void>();
        writes.add(written);
        written.whenComplete((_, _) -> writes.remove(written));
        execute("write", request, List.of(), () -> written.complete(null));
    }

    private void perform(BlockRequest.Transfer request, List<CompletableFuture<Void>> after) {
        execute(request.kind() == Kind.READ ? "read" : "flush", request, after, () -> {});
    }

    /// Performs a request on a thread of its own once `after` are done; those have been begun
    /// already, so that they have their buffers.
    private void execute(
            String what,
            BlockRequest request,
            List<CompletableFuture<Void>> after,
            Runnable afterwards) {
        slots.acquireUninterruptibly();
        var passage = shared.buffers.take();
        shared.workers.execute(
                shared.name + "-" + what,
                () -> {
                    try {
                        after.forEach(CompletableFuture::join);
                        complete(request, perform(request, passage));
                    } finally {
                        afterwards.run();
                        shared.buffers.give(passage);
                        slots.release();
                    }
                });
    }

    private int perform(BlockRequest request, BlockBuffers.Passage passage) {
        long begin = promptness.begin();
        int status = performer.perform(request, passage);
        if (request instanceof BlockRequest.Transfer transfer && transfer.kind().onlyMoves()) {
            promptness.ended(begin, true);
        }
        return status;
    }

    private void performAlone(BlockRequest request) {
        slots.acquireUninterruptibly(UNDER_WAY_MAX);
        var passage = shared.buffers.take();
        try {
            complete(request, performer.perform(request, passage));
        } finally {
            shared.buffers.give(passage);
            slots.release(UNDER_WAY_MAX);
        }
    }

    /// The only place from which a front end learns that a request is done, and so where a mirrored
    /// machine will hold its answers back.
    private void complete(BlockRequest request, int status) {
        shared.counters.answered(request, status); // before the guest can know
        boolean notify = ring.respond(request.id(), request.operation(), status);
        var connected = channel;
        if (notify && connected != null) {
            connected.notifyFrontend();
        }
    }
}
