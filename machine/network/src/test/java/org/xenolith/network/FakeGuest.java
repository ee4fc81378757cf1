package org.xenolith.network;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A guest that has room for so many frames, and more when it is told.
final class FakeGuest implements FrameSink {
    private final List<Frame> taken = new ArrayList<>();
    private final List<Integer> queues = new ArrayList<>();
    private final Map<Integer, Runnable> retries = new HashMap<>();
    private int room;
    private int offered;

    FakeGuest(int room) {
        this.room = room;
    }

    @Override
    public synchronized boolean offer(int queue, Frame frame) {
        offered++;
        notifyAll();
        if (room == 0) {
            return false;
        }
        room--;
        taken.add(frame);
        queues.add(queue);
        return true;
    }

    @Override
    public synchronized void onRoom(int queue, Runnable retry) {
        retries.put(queue, retry);
    }

    void makeRoom(int frames) {
        List<Runnable> all;
        synchronized (this) {
            room += frames;
            all = List.copyOf(retries.values());
        }
        all.forEach(Runnable::run);
    }

    synchronized List<Frame> taken() {
        return List.copyOf(taken);
    }

    synchronized List<Integer> queues() {
        return List.copyOf(queues);
    }

    /// What has been taken until now.
    synchronized void forget() {
        taken.clear();
        queues.clear();
    }

    synchronized void awaitOffered() throws InterruptedException {
        while (offered == 0) {
            wait();
        }
    }
}
