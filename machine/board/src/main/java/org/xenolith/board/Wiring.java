package org.xenolith.board;

import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.base.CountedClock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;
import org.xenolith.base.Sizes;
import org.xenolith.base.TimerQueue;
import org.xenolith.boot.BootException;
import org.xenolith.boot.BootModule;
import org.xenolith.boot.KernelImage;
import org.xenolith.boot.MemoryMapEntry;
import org.xenolith.boot.PvhBoot;
import org.xenolith.device.InterruptLine;
import org.xenolith.device.Outbox;
import org.xenolith.device.PortDevice;
import org.xenolith.device.Workers;
import org.xenolith.engine.Engine;
import org.xenolith.engine.VcpuState;
import org.xenolith.memory.GuestMemory;
import org.xenolith.platform.AcpiTables;
import org.xenolith.platform.DebugPort;
import org.xenolith.platform.GuestTsc;
import org.xenolith.platform.LocalApics;
import org.xenolith.platform.MemoryMap;
import org.xenolith.platform.PvhLayout;
import org.xenolith.platform.PvhLayout.SpecialPage;
import org.xenolith.platform.SerialPort;
import org.xenolith.pv.PvConsole;
import org.xenolith.pv.block.BlockBackend;
import org.xenolith.pv.block.BlockBuffers;
import org.xenolith.pv.network.NetworkBackend;
import org.xenolith.xen.DomainSpec;
import org.xenolith.xen.XenDomain;
import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xenstore.DomainDirectory;
import org.xenolith.xenstore.XenStore;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// Connects the parts of one machine, from memory up. Used once.
final class Wiring {
    private static final int SERIAL_PORTS = 8;

    private final DomainConfig config;
    private final MachineBuilder.Surroundings around;
    private final AcpiTables acpi;
    private final MemoryMap map;
    private final TimerQueue timers;
    private final Driver driver;
    private final XenStore store = new XenStore();
    private final PortSpace ports = new PortSpace();
    private final GuestLines lines;
    private final VcpuWires wires;
    private final GuestMemory memory;
    private final DomainSpec spec;
    private final XenDomain xen;
    private final Engine engine;
    private final MachineDisks disks;
    private final MachineInterfaces interfaces;
    private final List<VcpuSlot> slots = new ArrayList<>();

    private Wiring(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            AcpiTables acpi,
            MemoryMap map,
            DomainSpec spec,
            GuestMemory memory) {
        this.config = config;
        this.around = around;
        this.acpi = acpi;
        this.map = map;
        this.spec = spec;
        this.memory = memory;
        if (config.deterministic().isPresent()) {
            var counted = new CountedClock(around.clock());
            timers = new TimerQueue(counted);
            driver = new TurnDriver(config.name(), timers, counted);
        } else {
            timers = new TimerQueue(around.clock());
            driver = new ParallelDriver(config.name(), timers);
        }
        lines = new GuestLines(around.log());
        wires = new VcpuWires(driver, store, around.id(), lines);
        map.populate(memory);
        xen = new XenDomain(spec, memory, timers, wires);
        engine = engine(engines);
        disks =
                new MachineDisks(
                        new BlockBackend.Surroundings(
                                around.id(),
                                xen,
                                memory,
                                store,
                                workers(),
                                new BlockBuffers(),
                                around.log()::add),
                        config.maxVcpus());
        interfaces =
                new MachineInterfaces(
                        new NetworkBackend.Surroundings(
                                around.id(),
                                xen,
                                memory,
                                store,
                                workers(),
                                timers,
                                around.log()::add),
                        around.ports(),
                        config.maxVcpus());
    }

    /// On whose threads back ends work.
    private Workers workers() {
        return config.deterministic().isPresent()
                ? new DriverWorkers(driver)
                : Workers.virtualThreads(driver::fail);
    }

    private Engine engine(Engines engines) {
        return config.deterministic()
                .map(seed ->
                        engines.createDeterministic(memory, timers.clock(), Entropy.seeded(seed)))
                .orElseGet(() ->
                        engines.create(
                                memory,
                                timers.clock(),
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
        // Linux can plug only what was enabled at boot; see docs/quirks.md.
        var acpi = AcpiTables.pvh(config.maxVcpus(), config.maxVcpus());
        var map = MemoryMap.pvh(config.maxMemoryBytes(), acpi);
        var spec = specification(config, around.id(), engines, map);
        var memory = GuestMemory.create(Math.toIntExact(map.frames() + spec.extraFrames()));
        try {
            var wiring = new Wiring(config, around, engines, acpi, map, spec, memory);
            return wiring.wholeMachine(engines, kernel, modules);
        } catch (BootException | DomainException | RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    private static DomainSpec specification(
            DomainConfig config, DomainId id, Engines engines, MemoryMap map) {
        return new DomainSpec(
                id,
                config.uuid(),
                config.maxVcpus(),
                engines.hypercallInstruction(),
                engines.tscHertz() / 1000,
                config.memoryBytes() >> PAGE_SHIFT,
                config.maxMemoryBytes() >> PAGE_SHIFT,
                config.limits().grantFramesMax(),
                config.limits().eventChannelsMax() + 1,
                map.ranges().stream()
                        .map(range ->
                                new DomainSpec.MemoryRange(
                                        range.address(), range.bytes(), range.type().value()))
                        .toList(),
                false);
    }

    private Machine wholeMachine(Engines engines, KernelImage kernel, List<BootModule> modules)
            throws BootException, DomainException {
        try {
            return machine(engines, kernel, modules);
        } catch (BootException | DomainException | RuntimeException | Error e) {
            interfaces.close();
            disks.close();
            throw e;
        }
    }

    private Machine machine(Engines engines, KernelImage kernel, List<BootModule> modules)
            throws BootException, DomainException {
        processors(engines);
        ports();
        var pvConsole = rings();
        for (var disk : config.disks()) {
            disks.attach(disk);
        }
        for (var vif : config.vifs()) {
            interfaces.attach(vif);
        }
        acpi.writeTo(memory);
        var start =
                PvhBoot.place(
                        memory,
                        kernel,
                        modules,
                        config.commandLine(),
                        acpi.rsdpAddress(),
                        memoryMapForBoot());
        // All at once, so that their time-stamp counters are in step.
        slots.forEach(slot -> slot.vcpu.restore(VcpuState.powerOn(slot.vcpu.id())));
        slots.getFirst().vcpu.restore(start.bootProcessor());
        var handler = new ExitHandler(xen, memory, ports, around.log(), driver::shutdownReason);
        driver.connect(slots, handler);
        var directory = new DomainDirectory(store, around.id());
        return new Board(
                new Board.Parts(
                        driver,
                        List.copyOf(slots),
                        store,
                        directory,
                        pvConsole,
                        disks,
                        interfaces,
                        xen,
                        new BoardBalloon(config, xen, directory, driver),
                        new BoardProcessors(slots, directory, driver),
                        new BoardPanel(wires, directory, driver, slots.size()),
                        List.of(around.console(), around.serial()),
                        engine,
                        memory));
    }

    private List<MemoryMapEntry> memoryMapForBoot() {
        return map.ranges().stream()
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

    private void processors(Engines engines) {
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
            var cpuid = engines.cpuid(PvhLayout.apicId(id), config.maxVcpus());
            var vcpu = engine.createVcpu(id, xen.addCpuid(cpuid, id).build());
            slots.add(new VcpuSlot(vcpu, apics.of(id)));
        }
        wires.connect(slots, xen);
    }

    private void ports() {
        ports.add(PvhLayout.DEBUG_PORT, 1, new DebugPort(new GuestLines(around.log())::add));
        var console = around.serial();
        var serial =
                new SerialPort(
                        value -> console.output(new byte[] {(byte) value}),
                        InterruptLine.UNCONNECTED);
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
        var consoleLink = new RingLink(xen);
        var storeLink = new RingLink(xen);
        var console = around.console();
        var pvConsole =
                new PvConsole(
                        memory,
                        SpecialPage.CONSOLE.gfn(),
                        Outbox.passThrough(bytes -> console.output(bytes.toArray())),
                        consoleLink::notifyGuest);
        var directory = new DomainDirectory(store, around.id());
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
        var storeRing =
                store.introduce(
                        around.id(), memory, SpecialPage.XENSTORE.gfn(), storeLink::notifyGuest);
        xen.setHvmParam(HvmAbi.HVM_PARAM_CONSOLE_PFN, SpecialPage.CONSOLE.gfn());
        xen.setHvmParam(HvmAbi.HVM_PARAM_CONSOLE_EVTCHN, consoleLink.port());
        xen.setHvmParam(HvmAbi.HVM_PARAM_STORE_PFN, SpecialPage.XENSTORE.gfn());
        xen.setHvmParam(HvmAbi.HVM_PARAM_STORE_EVTCHN, storeLink.port());
        consoleLink.connect(() -> {
            pvConsole.notified();
            console.feed(pvConsole::accept); // there may be room again
        });
        storeLink.connect(storeRing::notified);
        console.onInput(input(() -> console.feed(pvConsole::accept)));
        return pvConsole;
    }
}
