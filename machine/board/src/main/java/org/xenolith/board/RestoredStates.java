package org.xenolith.board;

import org.xenolith.engine.VcpuState;
import org.xenolith.platform.LocalApicState;
import org.xenolith.platform.SerialPortState;
import org.xenolith.pv.PvConsoleState;
import org.xenolith.state.stream.StreamException;
import org.xenolith.xen.DomainState;
import org.xenolith.xenstore.StoreState;

import java.util.ArrayList;
import java.util.List;

/// The states of all devices of a machine, out of an image, each a possible one of its kind.
record RestoredStates(
        BoardState board,
        List<VcpuState> vcpus,
        List<LocalApicState> local,
        DomainState xen,
        StoreState store,
        SerialPortState serial,
        PvConsoleState console) {
    RestoredStates {
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
                image.state(PvConsoleState.CODEC, 0));
    }
}
