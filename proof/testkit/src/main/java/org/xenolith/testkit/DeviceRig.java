package org.xenolith.testkit;

import org.xenolith.device.Device;

import java.util.random.RandomGenerator;

/// A device under test together with the world around it: clock, lines, peers.
public interface DeviceRig<S extends Record> {
    Device<S> device();

    /// Does one random thing to the device, as a guest or the outside world would. The answer is
    /// all that could be seen of it, comparable with `equals`. What is done must follow from
    /// `random` alone, not from earlier answers, so that two rigs can be driven alike.
    Object step(RandomGenerator random);

    /// Another rig whose outside world is as this one's is now and whose device has just been made.
    DeviceRig<S> fresh();
}
