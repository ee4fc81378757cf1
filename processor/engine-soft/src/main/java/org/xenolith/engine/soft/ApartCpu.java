package org.xenolith.engine.soft;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.memory.GuestMemory;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// The same with room behind its fields, for the reason of [Apart]: the first ones, which change at
/// every instruction, are those of its superclasses.
final class ApartCpu extends SoftCpu {
    long apart0;
    long apart1;
    long apart2;
    long apart3;
    long apart4;
    long apart5;
    long apart6;
    long apart7;
    long apart8;
    long apart9;
    long apart10;
    long apart11;
    long apart12;
    long apart13;
    long apart14;
    long apart15;

    ApartCpu(
            GuestMemory memory,
            long base,
            CodeCache code,
            Clock clock,
            Entropy entropy,
            AtomicLong commonTscOffset,
            Consumer<Runnable> alone) {
        super(memory, base, code, clock, entropy, commonTscOffset, alone);
    }
}
