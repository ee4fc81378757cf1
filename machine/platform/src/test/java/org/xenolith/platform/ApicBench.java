package org.xenolith.platform;

import org.xenolith.base.TimerQueue;
import org.xenolith.testkit.DeviceRig;
import org.xenolith.testkit.ManualClock;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Local APICs with a clock that tests move and a sink that writes down what it is told.
final class ApicBench implements InterruptSink {
    static final long TSC_HERTZ = 2_000_000_000L;

    final ManualClock clock;
    final TimerQueue timers;
    final LocalApics apics;
    final List<String> told = new ArrayList<>();
    long tscOffset;

    ApicBench(int vcpus, long nanos) {
        clock = new ManualClock(nanos);
        timers = new TimerQueue(clock);
        apics = new LocalApics(vcpus, timers, _ -> new GuestTsc(this::tsc, TSC_HERTZ), this);
    }

    ApicBench(int vcpus) {
        this(vcpus, 5_000_000_000L);
    }

    long tsc() {
        return clock.nanos() * 2 + tscOffset;
    }

    LocalApic of(int vcpu) {
        return apics.of(vcpu);
    }

    /// What the sink was told since the last call, without wake-ups.
    List<String> takeTold() {
        var taken = told.stream().filter(line -> !line.startsWith("wake")).toList();
        told.clear();
        return taken;
    }

    /// Moves time and lets timers fire.
    void pass(long nanos) {
        clock.advance(nanos);
        timers.runDue();
    }

    void enableAll() {
        apics.all().forEach(ApicBench::enable);
        told.clear();
    }

    static void enable(LocalApic apic) {
        apic.write(0xF0, 4, 0x1FF);
    }

    static void x2apic(LocalApic apic) {
        long base = apic.readMsr(LocalApic.MSR_APIC_BASE).getAsLong();
        apic.writeMsr(LocalApic.MSR_APIC_BASE, base | 1 << 10);
    }

    @Override
    public void wake(int vcpu) {
        told.add("wake " + vcpu);
    }

    @Override
    public void init(int vcpu) {
        told.add("init " + vcpu);
    }

    @Override
    public void startup(int vcpu, int vector) {
        told.add("startup " + vcpu + " at " + vector);
    }

    @Override
    public void nmi(int vcpu) {
        told.add("nmi " + vcpu);
    }

    @Override
    public void enabled(int vcpu) {
        told.add("enabled " + vcpu);
    }

    @Override
    public void levelEnded(int vcpu, int vector) {
        told.add("level ended " + vcpu + " " + vector);
    }

    /// Random accesses to the local APIC of a machine with one vCPU.
    static final class Rig implements DeviceRig<LocalApicState> {
        private static final int[] REGISTERS = {
            0x20, 0x30, 0x80, 0xA0, 0xB0, 0xD0, 0xE0, 0xF0, 0x100, 0x170, 0x1A0, 0x200, 0x270,
            0x280, 0x2F0, 0x300, 0x310, 0x320, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380,
            0x380, 0x390, 0x390, 0x3E0, 0x3E0, 0x3F0, 0x400
        };

        private final ApicBench bench;
        private final LocalApic apic;

        Rig(long nanos) {
            bench = new ApicBench(1, nanos);
            apic = bench.of(0);
        }

        Rig() {
            this(7_000_000_000L);
        }

        @Override
        public LocalApic device() {
            return apic;
        }

        @Override
        public Rig fresh() {
            return new Rig(bench.clock.nanos());
        }

        @Override
        public Object step(RandomGenerator random) {
            Object seen = act(random);
            var answer =
                    List.of(
                            seen,
                            List.copyOf(bench.told),
                            apic.pendingVector(),
                            apic.taskPriorityClass());
            bench.told.clear();
            return answer;
        }

        private Object act(RandomGenerator random) {
            int choice = random.nextInt(24);
            int register = REGISTERS[random.nextInt(REGISTERS.length)];
            long value = value(random);
            int bytes = random.nextInt(8) == 0 ? 1 << random.nextInt(4) : 4;
            int skew = random.nextInt(8) == 0 ? random.nextInt(16) : 0;
            switch (choice) {
                case 0, 1, 2 -> apic.write(register + skew, bytes, value);
                case 3, 4, 5 -> {
                    return apic.read(register + skew, bytes);
                }
                case 6, 7, 8 -> {
                    return apic.writeMsr(0x800 + (register >> 4), value);
                }
                case 9, 10 -> {
                    return apic.readMsr(0x800 + (register >> 4));
                }
                case 11 -> {
                    long modes = random.nextInt(8) == 0 ? value : (long) random.nextInt(4) << 10;
                    return apic.writeMsr(0x1B, 0xFEE0_0100L | modes);
                }
                case 12 -> {
                    return apic.writeMsr(0x6E0, bench.tsc() + random.nextInt(2_000_000) - 100_000);
                }
                case 13 -> {
                    return apic.readMsr(0x6E0);
                }
                case 14 -> apic.deliver((int) value & 0xFF, random.nextBoolean());
                case 15 -> {
                    return apic.acknowledge();
                }
                case 16 -> apic.setTaskPriorityClass((int) value & 0xF);
                case 17 -> enable(apic);
                case 18, 19, 20 -> bench.clock.advance(random.nextInt(1_000_000));
                case 21, 22 -> program(random.nextInt(3) << 17 | 0x40, random.nextInt(400_000));
                default -> bench.pass(random.nextInt(1_000_000));
            }
            return "done";
        }

        /// Sets the timer up as a guest would, in either mode.
        private void program(int lvt, int count) {
            int[] registers = {0xF0, 0x320, 0x3E0, 0x380};
            int[] values = {0x1FF, lvt, 0b1011, count};
            for (int i = 0; i < registers.length; i++) {
                apic.write(registers[i], 4, values[i]);
                apic.writeMsr(0x800 + (registers[i] >> 4), values[i]);
            }
        }

        private static long value(RandomGenerator random) {
            return switch (random.nextInt(5)) {
                case 0 -> 0;
                case 1 -> random.nextInt(0x100);
                case 2 -> random.nextInt(0x8_0000);
                case 3 -> Integer.toUnsignedLong(random.nextInt());
                default -> random.nextLong();
            };
        }
    }
}
