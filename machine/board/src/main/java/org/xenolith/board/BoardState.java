package org.xenolith.board;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.List;

/// What a machine keeps beside its devices. Version 1.
///
/// @param wallNanos since 1970, of the host, when the machine was captured
/// @param countedNanos time of a deterministic machine, else 0
/// @param entropy where the random numbers of a deterministic machine are, else 0
/// @param urgent a vCPU has been woken and its turn comes early, in a deterministic machine
record BoardState(
        long wallNanos,
        long countedNanos,
        long entropy,
        boolean urgent,
        List<VcpuSlot.State> vcpus) {
    static final StateCodec<BoardState> CODEC =
            StateCodec.of("board", BoardState.class, MethodHandles.lookup());

    BoardState {
        vcpus = List.copyOf(vcpus);
        require(wallNanos >= 0, "a machine is younger than 1970");
        require(countedNanos >= 0, "counted time begins at 0");
    }
}
