package org.xenolith.board;

import org.xenolith.base.CountedClock;
import org.xenolith.base.FreezableClock;
import org.xenolith.base.SeededEntropy;
import org.xenolith.base.Sizes;
import org.xenolith.base.TimerQueue;
import org.xenolith.boot.BootException;
import org.xenolith.boot.BootModule;
import org.xenolith.boot.KernelImage;
import org.xenolith.boot.MemoryMapEntry;
import org.xenolith.boot.PvhBoot;
import org.xenolith.device.InterruptLine;
import org.xenolith.device.PortDevice;
import org.xenolith.device.Workers;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Engine;
import org.xenolith.engine.VcpuState;
import org.xenolith.memory.GuestMemory;
import org.xenolith.platform.DebugPort;
import org.xenolith.platform.GuestTsc;
import org.xenolith.platform.LocalApics;
import org.xenolith.platform.PvhLayout;
import org.xenolith.platform.PvhLayout.SpecialPage;
import org.xenolith.platform.SerialPort;
import org.xenolith.pv.PvConsole;
import org.xenolith.pv.block.BlockBackend;
import org.xenolith.pv.block.BlockBuffers;
import org.xenolith.pv.network.NetworkBackend;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.xen.XenDomain;
import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xenstore.DomainDirectory;
import org.xenolith.xenstore.StoreRing;
import org.xenolith.xenstore.XenStore;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Connects the parts of one machine, from memory up. Used once.
final class Wiring {
    /// Below the 64 KiB that real mode reaches.
    private static final int PROGRAM_PLACE = 0x1000;

    private static final int SERIAL_PORTS = 8;
    private static final long NANOS_IN_MILLI = 1_000_000;

    private final DomainConfig config;
    private final MachineBuilder.Surroundings around;
    private final Engines engines;
    private final MachineSpecification machine;
    private final MachineLayout layout;
    private final FreezableClock clock;
    private final TimerQueue timers;

    /// Of deterministic machines.
    private final Optional<Replay> replay;

    private final Driver driver;
    private final XenStore store = new XenStore();
    private final PortSpace ports = new PortSpace();
    private final GuestLines lines;
    private final VcpuWires wires;
    private final GuestMemory memory;
    private final XenDomain xen;
    private final Engine engine;
    private final HeldWorkers held;
    private final Outputs outputs;
    private final MachineDisks disks;
    private final MachineInterfaces interfaces;
    private final List<VcpuSlot> slots = new ArrayList<>();
    private SerialPort serial;
    private CpuidTable cpuid;

    /// `memory` has the pages of the guest mapped.
    private Wiring(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            MachineSpecification machine,
            MachineLayout layout,
            GuestMemory memory) {
        this.config = config;
        this.around = around;
        this.engines = engines;
        this.machine = machine;
        this.layout = layout;
        this.memory = memory;
        if (config.deterministic().isPresent()) {
            var counted = new CountedClock(around.clock());
            replay =
                    Optional.of(
                            new Replay(counted, new SeededEntropy(config.deterministic().get())));
            clock = new FreezableClock(counted);
            timers = new TimerQueue(clock);
            driver = new TurnDriver(config.name(), timers, counted);
        } else {
            replay = Optional.empty();
            clock = new FreezableClock(around.clock());
            timers = new TimerQueue(clock);
            driver = new ParallelDriver(config.name(), timers);
        }
        lines = new GuestLines(around.log());
        wires = new VcpuWires(driver, store, machine.id(), lines);
        xen = new XenDomain(layout.spec(), memory, timers, wires);
        engine = engine();
        held = new HeldWorkers(Workers.virtualThreads(driver::fail), driver::areVcpusToStop);
        outputs = new Outputs(around.ports());
        disks =
                new MachineDisks(
                        new BlockBackend.Surroundings(
                                machine.id(),
                                xen,
                                memory,
                                store,
                                workers(),
                                new BlockBuffers(),
                                around.clock(),
                                around.log()::add),
                        config.maxVcpus());
        interfaces =
                new MachineInterfaces(
                        new NetworkBackend.Surroundings(
                                machine.id(),
                                xen,
                                memory,
                                store,
                                workers(),
                                timers,
                                around.log()::add),
                        around.id(),
                        outputs,
                        config.maxVcpus());
    }

    /// On whose threads back ends work. They do nothing before the machine starts: a driver's
    /// thread does not either.
    private Workers workers() {
        return config.deterministic().isPresent() ? new DriverWorkers(driver) : held;
    }

    private Engine engine() {
        return replay.map(
                        replayed -> engines.createDeterministic(memory, clock, replayed.entropy()))
                .orElseGet(() ->
                        engines.create(
                                memory,
                                clock,
                                around.entropy(),
                                config.memoryAccess(),
                                around.codeStore()));
    }

    /// What the host has for the guest: at once, or between two slices of a deterministic machine.
    private Runnable input(Runnable feed) {
        return config.deterministic().isPresent() ? () -> driver.requestOnce(feed) : feed;
    }

    /// A machine with its kernel in place, ready to start. Gives everything back if it throws.
    static Machine wire(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            KernelImage kernel,
            List<BootModule> modules)
            throws BootException, DomainException {
        var machine = MachineSpecification.of(config, around.id(), engines.tscHertz() / 1000);
        var layout = MachineLayout.of(machine, engines);
        var memory = layout.memory();
        try {
            layout.map().populate(memory);
            var wiring = new Wiring(config, around, engines, machine, layout, memory);
            return wiring.wholeMachine(kernel, modules);
        } catch (BootException | DomainException | RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    /// A machine without a guest, ready to start.
    ///
    /// @param program what its vCPUs do, in real mode, from [#PROGRAM_PLACE] on; they must be
    ///   paused when it starts if it is empty
    static Machine withoutGuest(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            byte[] program) {
        var machine = MachineSpecification.of(config, around.id(), engines.tscHertz() / 1000);
        var layout = MachineLayout.of(machine, engines);
        var memory = layout.memory();
        layout.map().populate(memory);
        var wiring = new Wiring(config, around, engines, machine, layout, memory);
        wiring.processors();
        wiring.ports();
        var pvConsole = wiring.rings();
        memory.write(PROGRAM_PLACE, program, 0, program.length);
        wiring.slots.forEach(slot -> slot.vcpu.restore(atProgram(slot.vcpu.id())));
        return wiring.board(pvConsole);
    }

    private static VcpuState atProgram(int id) {
        var state = VcpuState.powerOn(id);
        var s = state.segments();
        var code = new VcpuState.Segment(0, 0, 0xFFFF, s.cs().attributes());
        var segments =
                new VcpuState.Segments(
                        s.es(), code, s.ss(), s.ds(), s.fs(), s.gs(), s.ldtr(), s.tr(), s.gdtr(),
                        s.idtr());
        var general = state.general();
        return state.withSegments(segments)
                .withGeneral(
                        new VcpuState.General(
                                general.registers(), PROGRAM_PLACE, general.rflags()));
    }

    /// Begins a machine that will go on with the guest of `image`, of which only the static data
    /// need be there. [#restored] ends it, or [#abandon].
    ///
    /// @throws DomainException if the configuration or this host is not for such a machine
    static Wiring begin(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            MachineImage image)
            throws DomainException {
        image.specification().requireSame(config, engines.tscHertz() / 1000);
        var wiring =
                new Wiring(
                        config,
                        around,
                        engines,
                        image.specification(),
                        image.layout(),
                        image.memory());
        wiring.processors();
        wiring.requireSameProcessor(image);
        wiring.ports();
        return wiring;
    }

    int vcpus() {
        return slots.size();
    }

    /// Gives back what is not the image's.
    void abandon() {
        disks.close();
        interfaces.close();
        slots.forEach(slot -> slot.vcpu.close());
        engine.close();
    }

    private Machine wholeMachine(KernelImage kernel, List<BootModule> modules)
            throws BootException, DomainException {
        try {
            return machine(kernel, modules);
        } catch (BootException | DomainException | RuntimeException | Error e) {
            interfaces.close();
            disks.close();
            throw e;
        }
    }

    private Machine machine(KernelImage kernel, List<BootModule> modules)
            throws BootException, DomainException {
        processors();
        ports();
        var pvConsole = rings();
        for (var disk : config.disks()) {
            disks.attach(disk);
        }
        for (var vif : config.vifs()) {
            interfaces.attach(vif);
        }
        layout.acpi().writeTo(memory);
        var start =
                PvhBoot.place(
                        memory,
                        kernel,
                        modules,
                        config.commandLine(),
                        layout.acpi().rsdpAddress(),
                        memoryMapForBoot());
        // All at once, so that their time-stamp counters are in step.
        slots.forEach(slot -> slot.vcpu.restore(VcpuState.powerOn(slot.vcpu.id())));
        slots.getFirst().vcpu.restore(start.bootProcessor());
        return board(pvConsole);
    }

    private Board board(PvConsole pvConsole) {
        var handler = new ExitHandler(xen, memory, ports, around.log(), driver::shutdownReason);
        driver.connect(slots, handler);
        var directory = new DomainDirectory(store, machine.id());
        return new Board(
                new Board.Parts(
                        driver,
                        List.copyOf(slots),
                        xen,
                        store,
                        directory,
                        pvConsole,
                        serial,
                        disks,
                        interfaces,
                        new BoardBalloon(config, xen, directory, driver),
                        new BoardProcessors(slots, directory, driver),
                        new BoardPanel(wires, directory, driver, xen, around.log()),
                        List.of(around.console(), around.serial()),
                        outputs,
                        held,
                        engine,
                        memory),
                new Board.Origin(machine, cpuid, clock, replay));
    }

    // ---------------------------------------------------------------- a restored machine

    /// The machine with the whole image's states, ready to start: its back ends stand still until
    /// then. The image gives its memory up, unless this throws.
    ///
    /// @throws StreamException if the image is of no machine that could be
    Board restored(MachineImage image) throws DomainException, StreamException {
        return restored(image, true);
    }

    /// The same, but the disks that the guest knows do not answer.
    Board restoredWithoutDisks(MachineImage image) throws DomainException, StreamException {
        return restored(image, false);
    }

    private Board restored(MachineImage image, boolean withDisks)
            throws DomainException, StreamException {
        interfaces.openAhead(config.vifs());
        var states = RestoredStates.of(image, slots.size());
        replay.ifPresent(replayed -> replayed.continueFrom(states.board()));
        var consoleLink = RingLink.at(xen, HvmAbi.HVM_PARAM_CONSOLE_EVTCHN);
        var storeLink = RingLink.at(xen, HvmAbi.HVM_PARAM_STORE_EVTCHN);
        var pvConsole = pvConsole(consoleLink);
        var storeRing = storeRing(storeLink);
        try {
            clock.atOneInstant(() -> restore(states, pvConsole));
        } catch (StateException e) {
            throw new StreamException("this is no machine that can be: " + e.getMessage(), e);
        }
        requireSameParams(image);
        store.write(new DomainDirectory(store, machine.id()).path() + "/name", config.name());
        consoleLink.tryConnect(() -> consoleNotified(pvConsole));
        storeLink.tryConnect(storeRing::notified);
        if (withDisks) {
            disks.restore(config.disks());
        }
        interfaces.restore(config.vifs(), states.interfaces());
        around.console().onInput(input(() -> around.console().feed(pvConsole::accept)));
        return board(pvConsole);
    }

    /// Time has gone on while the machine was not there, unless it is counted.
    private void restore(RestoredStates states, PvConsole pvConsole) {
        long gap =
                replay.isPresent()
                        ? 0
                        : Math.max(0, clock.wallNanos() - states.board().wallNanos());
        long ticks = ticks(gap);
        for (int id = 0; id < slots.size(); id++) {
            slots.get(id).vcpu.restore(states.vcpus().get(id).afterTicks(ticks));
        }
        store.restore(states.store());
        xen.restore(states.xen().after(gap));
        for (int id = 0; id < slots.size(); id++) {
            slots.get(id).apic.restore(states.local().get(id).after(gap));
        }
        serial.restore(states.serial());
        pvConsole.restore(states.console());
        if (replay.isEmpty()) {
            xen.timeHasMoved();
        }
        for (int id = 0; id < slots.size(); id++) {
            slots.get(id).restore(states.board().vcpus().get(id));
        }
        driver.setUrgent(states.board().urgent());
    }

    /// Of the time-stamp counter.
    private long ticks(long nanos) {
        long millis = nanos / NANOS_IN_MILLI;
        long rest = nanos % NANOS_IN_MILLI;
        long kilohertz = machine.tscKilohertz();
        return millis * kilohertz + rest * kilohertz / NANOS_IN_MILLI;
    }

    private void requireSameParams(MachineImage image) throws StreamException {
        for (var param : image.params().map(StreamRecord.HvmParams::params).orElse(List.of())) {
            long index = param.index();
            if (index < 0
                    || index >= HvmAbi.HVM_NR_PARAMS
                    || xen.hvmParam((int) index) != param.value()) {
                throw new StreamException(
                        "HVM_PARAMS has %d as %d, which the domain has not"
                                .formatted(index, param.value()));
            }
        }
    }

    private void requireSameProcessor(MachineImage image) throws DomainException {
        if (image.policy().isEmpty()) {
            return;
        }
        var here = MachineSaver.policy(cpuid).leaves();
        for (var leaf : image.policy().get().leaves()) {
            if (!here.contains(leaf)) {
                throw new DomainException(
                        "the guest was saved on another processor: CPUID leaf 0x%x is not the same"
                                .formatted(leaf.leaf()));
            }
        }
    }

    private List<MemoryMapEntry> memoryMapForBoot() {
        return layout.map().ranges().stream()
                .map(range ->
                        new MemoryMapEntry(
                                range.address(),
                                range.bytes(),
                                switch (range.type()) {
                                    case RAM -> MemoryMapEntry.Type.RAM;
                                    case RESERVED -> MemoryMapEntry.Type.RESERVED;
                                    case ACPI -> MemoryMapEntry.Type.ACPI;
                                    case NVS -> MemoryMapEntry.Type.NVS;
                                }))
                .toList();
    }

    private void processors() {
        var apics =
                new LocalApics(
                        config.maxVcpus(),
                        timers,
                        id ->
                                new GuestTsc(
                                        () -> slots.get(id).vcpu.timeStampCounter(),
                                        engines.tscHertz()),
                        wires);
        for (int id = 0; id < config.maxVcpus(); id++) {
            var leaves = engines.cpuid(PvhLayout.apicId(id), config.maxVcpus());
            var table = xen.addCpuid(leaves, id).build();
            cpuid = id == 0 ? table : cpuid;
            var vcpu = engine.createVcpu(id, table);
            slots.add(new VcpuSlot(vcpu, apics.of(id)));
        }
        wires.connect(slots, xen);
    }

    private void ports() {
        ports.add(PvhLayout.DEBUG_PORT, 1, new DebugPort(new GuestLines(around.log())::add));
        var console = around.serial();
        // A serial port cannot wait: what finds no room is lost, as on a line without flow control.
        var line = outputs.console(bytes -> console.output(bytes.toArray()));
        serial =
                new SerialPort(
                        value -> line.offer(Bytes.of((byte) value)), InterruptLine.UNCONNECTED);
        Console.Sink sink = bytes -> serial.receive(bytes, 0, bytes.length);
        console.onInput(input(() -> console.feed(sink)));
        ports.add(
                PvhLayout.SERIAL_PORT,
                SERIAL_PORTS,
                new PortDevice() {
                    @Override
                    public int read(int offset, int bytes) {
                        int value = serial.read(offset, bytes);
                        console.feed(sink); // there may be room again
                        return value;
                    }

                    @Override
                    public void write(int offset, int bytes, int value) {
                        serial.write(offset, bytes, value);
                    }
                });
    }

    /// The rings of the console and the store: their pages, their event channels, their nodes.
    private PvConsole rings() {
        var consoleLink = RingLink.offer(xen);
        var storeLink = RingLink.offer(xen);
        var pvConsole = pvConsole(consoleLink);
        var directory = new DomainDirectory(store, machine.id());
        directory.create(
                new DomainDirectory.Description(
                        config.name(),
                        config.uuid(),
                        config.maxMemoryBytes() / Sizes.KIB,
                        config.memoryBytes() / Sizes.KIB,
                        IntStream.range(0, config.maxVcpus())
                                .mapToObj(id -> id < config.vcpus())
                                .toList(),
                        new DomainDirectory.Channel(SpecialPage.XENSTORE.gfn(), storeLink.port()),
                        new DomainDirectory.Channel(
                                SpecialPage.CONSOLE.gfn(), consoleLink.port())));
        var storeRing = storeRing(storeLink);
        xen.setHvmParam(HvmAbi.HVM_PARAM_CONSOLE_PFN, SpecialPage.CONSOLE.gfn());
        xen.setHvmParam(HvmAbi.HVM_PARAM_CONSOLE_EVTCHN, consoleLink.port());
        xen.setHvmParam(HvmAbi.HVM_PARAM_STORE_PFN, SpecialPage.XENSTORE.gfn());
        xen.setHvmParam(HvmAbi.HVM_PARAM_STORE_EVTCHN, storeLink.port());
        consoleLink.connect(() -> consoleNotified(pvConsole));
        storeLink.connect(storeRing::notified);
        around.console().onInput(input(() -> around.console().feed(pvConsole::accept)));
        return pvConsole;
    }

    private PvConsole pvConsole(RingLink link) {
        return new PvConsole(
                memory,
                SpecialPage.CONSOLE.gfn(),
                outputs.console(bytes -> around.console().output(bytes.toArray())),
                link::notifyGuest);
    }

    private StoreRing storeRing(RingLink link) {
        return store.introduce(machine.id(), memory, SpecialPage.XENSTORE.gfn(), link::notifyGuest);
    }

    private void consoleNotified(PvConsole pvConsole) {
        pvConsole.notified();
        around.console().feed(pvConsole::accept); // there may be room again
    }
}
