package org.xenolith.board;

import org.xenolith.boot.BootException;
import org.xenolith.boot.BootModule;
import org.xenolith.boot.GuestKit;
import org.xenolith.boot.KernelImage;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes PVH machines: files first, so that a missing or damaged one costs nothing, then [Wiring].
final class BoardBuilder implements MachineBuilder {
    private final Map<String, String> environment;
    private final Optional<Engines> engines;

    /// `environment` says where the guest kit is cached; `engines`, if it is not what the
    /// configuration asks for, what runs all machines.
    BoardBuilder(Map<String, String> environment, Optional<Engines> engines) {
        this.environment = environment;
        this.engines = engines;
    }

    @Override
    public Machine build(DomainConfig config, Surroundings surroundings) throws DomainException {
        HostMemoryCheck.require(config.memoryBytes());
        var chosen = Engines.choose(config.engine());
        try (var files = bootFiles(config, surroundings);
                var kernel = KernelImage.read(files.kernel(), config.memoryBytes())) {
            var modules = new ArrayList<BootModule>();
            if (files.ramdisk().isPresent()) {
                modules.add(BootModule.ramdisk(files.ramdisk().get(), config.memoryBytes()));
            }
            return Wiring.wire(
                    config.withCommandLine(files.commandLine()),
                    surroundings,
                    engines.orElse(chosen),
                    kernel,
                    List.copyOf(modules));
        } catch (BootException e) {
            throw new DomainException(e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw new DomainException("this host has too little memory: " + e.getMessage(), e);
        }
    }

    private BootFiles bootFiles(DomainConfig config, Surroundings surroundings)
            throws BootException {
        if (config.bootloader().isPresent()) {
            return BootFiles.fromDisk(config, config.bootloader().get(), surroundings.log());
        }
        var kit = GuestKit.ofUser(environment, surroundings.progress());
        return BootFiles.ofHost(config, kit);
    }
}
