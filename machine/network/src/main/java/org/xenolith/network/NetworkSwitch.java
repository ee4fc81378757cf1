package org.xenolith.network;

import org.xenolith.base.Clock;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// The part of a network that is in this process: a switch that learns which address is where. What
/// has come from another process is not passed on to a third one, since the first has sent it there
/// itself: so nothing goes round in circles. Frames pass by reference, with whatever is left to do
/// on them. May be used from any thread.
final class NetworkSwitch {
    /// Interfaces of guests, and other processes, of one network.
    static final int MEMBERS_MAX = 128;

    /// `01-80-C2-00-00-01` to `0F`: IEEE 802.1Q, table 8-1, never pass a bridge. `00`, of spanning
    /// trees, does, since this switch takes no part in them.
    private static final long RESERVED_GROUP = 0x0180_C200_0000L;

    private static final long GROUP_BIT = 0x0100_0000_0000L;

    /// What may wait for members that do not take it.
    private static final long WAITING_BYTES_MAX = 24L * 1024 * 1024;

    private final Budget budget = new Budget(WAITING_BYTES_MAX);
    private final MacTable<Member> table;
    private final List<Member> members = new CopyOnWriteArrayList<>();

    /// What frames can go to.
    sealed interface Member permits SwitchPort, PeerLink {
        /// Takes a frame, or drops it if too many wait already. Never waits.
        void deliver(int queue, Frame frame);

        /// How many addresses it may have.
        int addressesMax();

        /// Whether it is another process, with members of its own.
        boolean isPeer();
    }

    NetworkSwitch(Clock clock) {
        this.table = new MacTable<>(clock);
    }

    Budget budget() {
        return budget;
    }

    /// False if there are too many.
    synchronized boolean join(Member member) {
        return members.size() < MEMBERS_MAX && members.add(member);
    }

    synchronized void leave(Member member) {
        members.remove(member);
        table.forget(member);
    }

    /// Takes a frame of a member's to wherever it belongs. **Hot path.**
    void forward(Member from, int queue, Frame frame) {
        long source = address(frame.bytes(), 6);
        long destination = address(frame.bytes(), 0);
        if (source == 0 || (source & GROUP_BIT) != 0 || isReserved(destination)) {
            return;
        }
        table.learn(source, from, from.addressesMax());
        if ((destination & GROUP_BIT) != 0) {
            flood(from, queue, frame);
            return;
        }
        var known = table.find(destination);
        if (known.isEmpty()) {
            flood(from, queue, frame);
        } else if (reaches(from, known.get())) {
            known.get().deliver(queue, frame);
        }
    }

    private void flood(Member from, int queue, Frame frame) {
        for (var member : members) {
            if (reaches(from, member)) {
                member.deliver(queue, frame);
            }
        }
    }

    private static boolean reaches(Member from, Member to) {
        return from != to && !(from.isPeer() && to.isPeer());
    }

    private static boolean isReserved(long destination) {
        return (destination & ~0xFL) == RESERVED_GROUP && destination != RESERVED_GROUP;
    }

    private static long address(byte[] bytes, int offset) {
        long address = 0;
        for (int i = offset; i < offset + 6; i++) {
            address = address << 8 | bytes[i] & 0xFF;
        }
        return address;
    }
}
