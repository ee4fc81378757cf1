package org.xenolith.board;

import org.xenolith.device.Device;
import org.xenolith.state.StateCodec;
import org.xenolith.state.stream.StreamRecord;

/// A state that has been taken and not been written down yet.
///
/// @param instance which of the devices of its kind
record CapturedState<S extends Record>(StateCodec<S> codec, int instance, S state) {
    static <S extends Record> CapturedState<S> of(Device<S> device) {
        return new CapturedState<>(device.codec(), 0, device.capture());
    }

    StreamRecord.State encode() {
        return StreamRecord.State.of(codec, instance, state);
    }
}
