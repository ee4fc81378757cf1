package org.xenolith.board;

import org.xenolith.engine.VcpuState;
import org.xenolith.platform.LocalApicState;
import org.xenolith.platform.SerialPortState;
import org.xenolith.pv.PvConsoleState;
import org.xenolith.pv.network.NetworkState;
import org.xenolith.state.StateCodec;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamRecord;
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
    /// Of all that there is but the board's.
    private static final List<StateCodec<?>> CODECS =
            List.of(
                    VcpuState.CODEC,
                    LocalApicState.CODEC,
                    DomainState.CODEC,
                    StoreState.CODEC,
                    SerialPortState.CODEC,
                    PvConsoleState.CODEC,
                    NetworkState.CODEC);

    RestoredStates {
        interfaces = Map.copyOf(interfaces);
        vcpus = List.copyOf(vcpus);
        local = List.copyOf(local);
    }

    static RestoredStates of(MachineImage image, int count) throws StreamException {
        var board = image.state(BoardState.CODEC, 0);
        requireVcpus(board, count);
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

    private static void requireVcpus(BoardState board, int count) throws StreamException {
        if (board.vcpus().size() != count) {
            throw new StreamException(
                    "the machine has %d vCPUs, not %d".formatted(count, board.vcpus().size()));
        }
    }

    /// Refuses a state that is no possible one of its kind.
    ///
    /// @param count of vCPUs of the machine
    static void check(StreamRecord.State state, int count) throws StreamException {
        for (var codec : CODECS) {
            if (codec.kind().equals(state.kind())) {
                MachineImage.decode(state, codec);
            }
        }
        if (state.kind().equals(BoardState.CODEC.kind())) {
            requireVcpus(MachineImage.decode(state, BoardState.CODEC), count);
        }
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
