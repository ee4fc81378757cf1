package org.xenolith.pv;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;

/// State of the PV console's back end; the rings themselves are guest memory.
///
/// @param queuedInput bytes accepted from the host that did not yet fit into the guest's ring
public record PvConsoleState(Bytes queuedInput) {
    public static final StateCodec<PvConsoleState> CODEC =
            StateCodec.of("pv-console", PvConsoleState.class, MethodHandles.lookup());

    public PvConsoleState {
        require(
                queuedInput.length() <= PvConsole.INPUT_BYTES_MAX,
                "the console's queued input is within its bound");
    }
}
