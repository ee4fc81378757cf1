package org.xenolith.platform;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.TimerQueue;
import org.xenolith.device.Device;
import org.xenolith.device.Migratability;
import org.xenolith.device.MmioDevice;
import org.xenolith.state.StateCodec;

import java.util.OptionalLong;

/// The local APIC of one vCPU, in xAPIC and x2APIC mode (SDM vol. 3A, chapter 11).
///
/// The vCPU's thread brings its accesses: MMIO in the page at [PvhLayout#LOCAL_APIC], and the MSRs
/// for which [#owns] holds. Before it runs on, it offers [#pendingVector] to the processor and,
/// when the processor takes it, calls [#acknowledge]. Anyone may [#deliver].
///
/// Two things differ from hardware: a periodic timer interrupts at most every 100 µs, and the page
/// of xAPIC mode cannot be moved, as on Xen.
public final class LocalApic implements MmioDevice, Device<LocalApicState> {
    /// The frequency of the timer's input, before the divider.
    public static final long BUS_HERTZ = 1_000_000_000L;

    /// IA32_APIC_BASE.
    public static final int MSR_APIC_BASE = 0x1B;

    /// IA32_TSC_DEADLINE.
    public static final int MSR_TSC_DEADLINE = 0x6E0;

    /// The first of the x2APIC's MSRs.
    public static final int MSR_X2APIC = 0x800;

    private static final int MSR_X2APIC_END = 0x900;

    private final int vcpu;
    private final int id;
    private final LocalApics fabric;
    private final InterruptSink sink;
    private final TimerQueue.Timer timer;
    private final Object lock = new Object();
    private final ApicRegisters registers;

    LocalApic(int vcpu, LocalApics fabric, InterruptSink sink, TimerQueue timers, GuestTsc tsc) {
        this.vcpu = vcpu;
        this.id = PvhLayout.apicId(vcpu);
        this.fabric = fabric;
        this.sink = sink;
        this.timer = timers.timer(this::expireTimer);
        this.registers = new ApicRegisters(id, vcpu == 0, new LocalApics.Time(timers.clock(), tsc));
    }

    /// The number of its vCPU.
    public int vcpu() {
        return vcpu;
    }

    /// Its initial APIC id.
    public int id() {
        return id;
    }

    // ---------------------------------------------------------------- interrupts

    /// The vector that the processor should take now: the highest request above the processor
    /// priority, or -1.
    public int pendingVector() {
        synchronized (lock) {
            return registers.pendingVector();
        }
    }

    /// The processor takes the interrupt: moves [#pendingVector] from the requests into service and
    /// returns it, or -1 if there is none any more.
    public int acknowledge() {
        synchronized (lock) {
            return registers.acknowledge();
        }
    }

    /// Brings an interrupt, edge- or level-triggered. A disabled APIC drops it and tells the sink
    /// when it is enabled; a vector below 16 is noted as an error.
    public void deliver(int vector, boolean level) {
        synchronized (lock) {
            if (!registers.takesInterrupts()) {
                return;
            }
            registers.request(vector, level);
        }
        sink.wake(vcpu);
    }

    /// Whether it takes fixed interrupts: enabled by IA32_APIC_BASE and by software.
    public boolean takesInterrupts() {
        synchronized (lock) {
            return registers.takesInterrupts();
        }
    }

    /// The task priority class, which CR8 shows: 0 to 15.
    public int taskPriorityClass() {
        synchronized (lock) {
            return registers.taskPriority() >>> 4;
        }
    }

    /// MOV to CR8.
    public void setTaskPriorityClass(int cr8) {
        synchronized (lock) {
            registers.taskPriority((cr8 & 0xF) << 4);
        }
    }

    /// What INIT does to it (SDM vol. 3A, 11.4.7.3).
    public void initialise() {
        synchronized (lock) {
            registers.initialise();
        }
        armTimer();
    }

    /// The vCPU's time-stamp counter was set, or its relation to the clock changed.
    public void timeStampCounterChanged() {
        synchronized (lock) {
            registers.rearmDeadline();
        }
        armTimer();
    }

    boolean isEnabled() {
        synchronized (lock) {
            return registers.isEnabled();
        }
    }

    boolean isDestination(InterruptMessage message) {
        synchronized (lock) {
            return registers.isDestination(message.destination(), message.logical());
        }
    }

    int processorPriority() {
        synchronized (lock) {
            return registers.processorPriority();
        }
    }

    // ---------------------------------------------------------------- MMIO

    /// In the page; in x2APIC mode or disabled there is nothing there. As on Xen, an access must
    /// lie within the 32 bits of one register; others read as 0.
    @Override
    public long read(long offset, int bytes) {
        int register = (int) offset & ~0xF;
        int shift = 8 * ((int) offset & 0xF);
        synchronized (lock) {
            if (!registers.isEnabled() || registers.isX2apic()) {
                return -1L >>> 64 - 8 * bytes;
            }
            if (shift + 8 * bytes > 32) {
                return 0;
            }
            if (!ApicLayout.isMmioRegister(register)) {
                registers.illegalRegister();
                return 0;
            }
            return registers.read(register) >>> shift & -1L >>> 64 - 8 * bytes;
        }
    }

    @Override
    public void write(long offset, int bytes, long value) {
        int register = (int) offset & ~0xF;
        int shift = 8 * ((int) offset & 0xF);
        ApicRegisters.Effect effect;
        synchronized (lock) {
            if (!registers.isEnabled() || registers.isX2apic() || shift + 8 * bytes > 32) {
                return;
            }
            if (!ApicLayout.isMmioRegister(register)) {
                registers.illegalRegister();
                return;
            }
            int mask = (int) (-1L >>> 64 - 8 * bytes) << shift;
            int kept = mask == -1 ? 0 : registers.read(register) & ~mask;
            effect = registers.write(register, kept | (int) value << shift & mask);
        }
        perform(effect);
    }

    // ---------------------------------------------------------------- MSRs

    /// Whether an MSR is the local APIC's.
    public static boolean owns(int msr) {
        return msr == MSR_APIC_BASE
                || msr == MSR_TSC_DEADLINE
                || msr >= MSR_X2APIC && msr < MSR_X2APIC_END;
    }

    /// RDMSR; empty means #GP(0).
    public OptionalLong readMsr(int msr) {
        synchronized (lock) {
            if (msr == MSR_APIC_BASE) {
                return OptionalLong.of(registers.apicBase());
            }
            if (msr == MSR_TSC_DEADLINE) {
                return OptionalLong.of(registers.tscDeadline());
            }
            int register = msr - MSR_X2APIC << 4;
            if (!registers.isX2apic() || !ApicLayout.isReadableMsr(register)) {
                return OptionalLong.empty();
            }
            return OptionalLong.of(
                    register == ApicLayout.COMMAND
                            ? registers.command()
                            : Integer.toUnsignedLong(registers.read(register)));
        }
    }

    /// WRMSR; false means #GP(0).
    public boolean writeMsr(int msr, long value) {
        ApicRegisters.Effect effect;
        synchronized (lock) {
            if (msr == MSR_APIC_BASE) {
                if (!registers.apicBase(value)) {
                    return false;
                }
                effect = ApicRegisters.Simple.TIMER;
            } else if (msr == MSR_TSC_DEADLINE) {
                registers.tscDeadline(value);
                effect = ApicRegisters.Simple.TIMER;
            } else {
                int register = msr - MSR_X2APIC << 4;
                if (!registers.isX2apic() || !ApicLayout.isWritableMsr(register, value)) {
                    return false;
                }
                effect =
                        register == ApicLayout.COMMAND
                                ? registers.writeCommand(value)
                                : registers.write(register, (int) value);
            }
        }
        perform(effect);
        return true;
    }

    /// What a write asks of others; without the lock.
    private void perform(ApicRegisters.Effect effect) {
        switch (effect) {
            case ApicRegisters.Simple.NONE -> {}
            case ApicRegisters.Simple.TIMER -> expireTimer();
            case ApicRegisters.Simple.ENABLED -> sink.enabled(vcpu);
            case ApicRegisters.Send(var message) -> fabric.send(this, message);
            case ApicRegisters.LevelEnded(int vector) -> sink.levelEnded(vcpu, vector);
        }
    }

    // ---------------------------------------------------------------- the timer

    /// Requests the interrupt of a timer that has expired and waits for the next time.
    private void expireTimer() {
        boolean deliver;
        synchronized (lock) {
            deliver = registers.expireTimer();
        }
        if (deliver) {
            sink.wake(vcpu);
        }
        armTimer();
    }

    /// Arms the queue's timer outside the lock; whoever is last arms it for the newest expiry.
    private void armTimer() {
        long expiry = expiryNanos();
        long armed;
        do {
            armed = expiry;
            if (armed == TimerQueue.NEVER) {
                timer.cancel();
            } else {
                timer.arm(armed);
            }
            expiry = expiryNanos();
        } while (expiry != armed);
    }

    private long expiryNanos() {
        synchronized (lock) {
            return registers.timerExpiryNanos();
        }
    }

    // ---------------------------------------------------------------- state

    @Override
    public LocalApicState capture() {
        synchronized (lock) {
            return registers.capture();
        }
    }

    /// The vCPU's time-stamp counter must have been restored before.
    @Override
    public void restore(LocalApicState state) {
        require(state.id() == id, "the state is that of another local APIC");
        synchronized (lock) {
            registers.restore(state);
        }
        armTimer();
    }

    @Override
    public StateCodec<LocalApicState> codec() {
        return LocalApicState.CODEC;
    }

    @Override
    public Migratability migratability() {
        return new Migratability.Migratable();
    }
}
