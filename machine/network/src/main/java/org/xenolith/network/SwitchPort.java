package org.xenolith.network;

import java.util.ArrayList;
import java.util.List;

/// A guest's interface on a network of ours. What the guest does not take waits in a bounded queue,
/// and is dropped when that is full, so that nobody else has to wait.
final class SwitchPort implements Port, NetworkSwitch.Member {
    /// Enough for a guest that is a router or a bridge itself.
    private static final int ADDRESSES_MAX = 256;

    private final NetworkSwitch hub;
    private final String name;
    private final int mtu;
    private final Runnable onClose;
    private final World world = new World();
    private final List<WaitingFrames> queues = new ArrayList<>();

    /// @param onClose runs when the port is no longer a member
    SwitchPort(NetworkSwitch hub, String name, GuestInterface owner, int mtu, Runnable onClose) {
        this.hub = hub;
        this.name = name;
        this.mtu = mtu;
        this.onClose = onClose;
        for (int i = 0; i < owner.queues(); i++) {
            queues.add(new WaitingFrames(hub.budget()));
        }
    }

    @Override
    public void open(FrameSink guest) {
        for (int i = 0; i < queues.size(); i++) {
            guest.onRoom(i, queues.get(i)::retry);
            queues.get(i).open(guest::offer);
        }
    }

    @Override
    public FrameSink world() {
        return world;
    }

    private final class World implements FrameSink {
        @Override
        public boolean offer(int queue, Frame frame) {
            hub.forward(SwitchPort.this, queue, frame);
            return true;
        }

        @Override
        public void onRoom(int queue, Runnable retry) {
            // No offer is refused.
        }
    }

    /// Other guests can finish what this one has left undone.
    @Override
    public Offloads offloads() {
        return Offloads.ALL;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public boolean carrier() {
        return true;
    }

    @Override
    public String description() {
        return "network " + name;
    }

    @Override
    public void deliver(int queue, Frame frame) {
        int own = queue % queues.size();
        queues.get(own).add(own, frame);
    }

    @Override
    public int addressesMax() {
        return ADDRESSES_MAX;
    }

    @Override
    public boolean isPeer() {
        return false;
    }

    @Override
    public void close() {
        hub.leave(this);
        queues.forEach(WaitingFrames::close);
        onClose.run();
    }
}
