package org.xenolith.network;

import org.xenolith.base.Bug;
import org.xenolith.base.Threads;

import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/// One platform thread that serves all sockets of a process's ports. Nothing that it does may wait.
final class StreamLoop implements AutoCloseable {
    /// What becomes ready.
    interface Ready {
        /// On the loop's thread.
        void ready(SelectionKey key);
    }

    private final Selector selector;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    private StreamLoop(Selector selector) {
        this.selector = selector;
        this.thread = Thread.ofPlatform().daemon().name("network").unstarted(this::run);
    }

    static StreamLoop start() throws NetworkException {
        try {
            var loop = new StreamLoop(Selector.open());
            loop.thread.start();
            return loop;
        } catch (IOException e) {
            throw new NetworkException.HostFailed("cannot wait for sockets", e);
        }
    }

    /// Calls `ready` on the loop's thread whenever the channel, which must not block, is ready for
    /// one of `operations`; closing the channel ends that.
    SelectionKey register(SelectableChannel channel, int operations, Ready ready)
            throws IOException {
        return channel.register(selector, operations, ready);
    }

    /// Has the loop look at what its keys are interested in.
    void wake() {
        selector.wakeup();
    }

    /// Has `task` run on the loop's thread.
    void execute(Runnable task) {
        tasks.add(task);
        selector.wakeup();
    }

    /// Has `task` run on the loop's thread and waits until it is done; at once if this is that
    /// thread.
    void await(Runnable task) {
        if (Thread.currentThread() == thread) {
            task.run();
        } else {
            CompletableFuture.runAsync(task, this::execute).join();
        }
    }

    private void run() {
        while (!closed) {
            try {
                selector.select(StreamLoop::dispatch);
            } catch (IOException e) {
                throw new Bug("our own selector can be waited for", e);
            }
            for (var task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        }
    }

    private static void dispatch(SelectionKey key) {
        if (key.isValid()) {
            ((Ready) key.attachment()).ready(key);
        }
    }

    /// Ends the thread. Whoever has registered something must have closed it before.
    @Override
    public void close() {
        execute(() -> closed = true);
        Threads.awaitEnd(thread);
        try {
            selector.close();
        } catch (IOException e) {
            throw new Bug("our own selector can be closed", e);
        }
    }
}
