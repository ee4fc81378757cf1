package org.xenolith.board;

import org.xenolith.engine.VcpuState;
import org.xenolith.platform.LocalApicState;
import org.xenolith.platform.SerialPortState;
import org.xenolith.pv.PvConsoleState;
import org.xenolith.pv.network.NetworkState;
import org.xenolith.state.stream.StreamException;
import org.xenolith.xen.DomainState;
import org.xenolith.xenstore.StoreState;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/// The states of all devices of a machine, out of an image, each a possible one of its kind.
///
/// @param interfaces by number
record RestoredStates(
        BoardState board,
        List<VcpuState> vcpus,
        List<LocalApicState> local,
        DomainState xen,
        StoreState store,
        SerialPortState serial,
        PvConsoleState console,
        Map<Integer, NetworkState> interfaces) {
    RestoredStates {
        interfaces = Map.copyOf(interfaces);
        vcpus = List.copyOf(vcpus);
        local = List.copyOf(local);
    }

    static RestoredStates of(MachineImage image, int count) throws StreamException {
        var board = image.state(BoardState.CODEC, 0);
        if (board.vcpus().size() != count) {
            throw new StreamException(
                    "the machine has %d vCPUs, not %d".formatted(count, board.vcpus().size()));
        }
        var vcpus = new ArrayList<VcpuState>();
        var local = new ArrayList<LocalApicState>();
        for (int id = 0; id < count; id++) {
            vcpus.add(image.state(VcpuState.CODEC, id));
            local.add(image.state(LocalApicState.CODEC, id));
        }
        return new RestoredStates(
                board,
                vcpus,
                local,
                image.state(DomainState.CODEC, 0),
                image.state(StoreState.CODEC, 0),
                image.state(SerialPortState.CODEC, 0),
                image.state(PvConsoleState.CODEC, 0),
                image.states(NetworkState.CODEC));
    }

    /// Refuses a configuration without a device that the guest has.
    ///
    /// @param what kind of devices they are, for people
    /// @param known numbers of those that the guest has
    static void requireConfigured(String what, List<String> known, Stream<Integer> configured)
            throws DomainException {
        var missing = new TreeSet<>(known);
        configured.forEach(number -> missing.remove(number.toString()));
        DomainException.require(
                missing.isEmpty(),
                "the guest has %s that the configuration lacks: %s"
                        .formatted(what, String.join(", ", missing)));
    }
}
